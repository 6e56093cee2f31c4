// The call without isolation: a WebSocket with JSON, or with the bytes alone.
"use strict";

function openPlain(url) {
	const socket = new WebSocket(url);
	socket.binaryType = "arraybuffer";
	const waiting = new Map(); // of JSON, by id
	const raw = []; // of bytes, in order
	let last = 0;
	socket.onmessage = ({ data }) => {
		if (typeof data !== "string") return raw.shift()(new Uint8Array(data));
		const answer = JSON.parse(data);
		waiting.get(answer.id)(answer.result);
		waiting.delete(answer.id);
	};
	const call = (args) => new Promise((resolve) => {
		const id = ++last;
		waiting.set(id, resolve);
		socket.send(JSON.stringify({ id, args }));
	});
	const bytes = (data) => new Promise((resolve) => {
		raw.push(resolve);
		socket.send(data);
	});
	return new Promise((resolve, reject) => {
		socket.onopen = () => resolve({ call, bytes });
		socket.onerror = () => reject(new Error("the plain WebSocket can't be had"));
	});
}

// All that without isolation: a WebSocket with JSON, or with the bytes alone.
"use strict";

function openPlain(url) {
	const socket = new WebSocket(url);
	socket.binaryType = "arraybuffer";
	const waiting = new Map(); // of JSON, by id
	const raw = []; // of bytes, in order
	let take = (data) => raw.shift()(new Uint8Array(data));
	let hear;
	let last = 0;
	socket.onmessage = ({ data }) => {
		if (typeof data !== "string") return take(data);
		const answer = JSON.parse(data);
		if (answer.at !== undefined) return hear(answer.at);
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
	const ask = (what) => new Promise((resolve) => {
		const id = ++last;
		waiting.set(id, resolve);
		socket.send(JSON.stringify({ id, ...what }));
	});
	const clock = () => ask({ clock: true });
	const stream = async (size) => {
		const usual = take;
		let got = 0;
		take = (data) => { got += data.byteLength; };
		await ask({ stream: size });
		take = usual;
		return got;
	};
	const events = (count, perSecond, run) => {
		hear = run;
		socket.send(JSON.stringify({ events: count, perSecond }));
	};
	return new Promise((resolve, reject) => {
		socket.onopen = () => resolve({ call, bytes, clock, stream, events });
		socket.onerror = () => reject(new Error("the plain WebSocket can't be had"));
	});
}

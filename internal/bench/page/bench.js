// Measures calls through the isolation frame and over a plain WebSocket from
// the same page, in turns, and reports microseconds.
"use strict";

const effort = JSON.parse(document.getElementById("effort").textContent);

function openPlain(url) {
	const socket = new WebSocket(url);
	const waiting = new Map();
	let last = 0;
	socket.onmessage = (event) => {
		const answer = JSON.parse(event.data);
		waiting.get(answer.id)(answer.result);
		waiting.delete(answer.id);
	};
	const call = (args) => new Promise((resolve) => {
		const id = ++last;
		waiting.set(id, resolve);
		socket.send(JSON.stringify({ id, args }));
	});
	return new Promise((resolve, reject) => {
		socket.onopen = () => resolve(call);
		socket.onerror = () => reject(new Error("the plain WebSocket can't be had"));
	});
}

const isolated = (args) => sallyport.invoke("bench.echo", args);

async function series(call, args, times) {
	const took = [];
	for (let i = 0; i < times; i++) {
		const began = performance.now();
		const answer = await call(args);
		took.push((performance.now() - began) * 1000);
		if (answer.text.length !== args.text.length) throw new Error("wrong answer");
	}
	return took;
}

async function perSecond(call, args, calls) {
	let left = calls;
	const began = performance.now();
	await Promise.all(Array.from({ length: effort.underWay }, async () => {
		while (left-- > 0) await call(args);
	}));
	return calls / ((performance.now() - began) / 1000);
}

function percentile(took, p) {
	const sorted = [...took].sort((a, b) => a - b);
	return sorted[Math.floor(p * (sorted.length - 1))];
}

async function measure() {
	const plain = await openPlain(effort.socket);
	const variants = { isolated, websocket: plain };
	const rows = [];
	for (const { case: name, bytes, calls, flood } of effort.payloads) {
		document.getElementById("state").textContent = name;
		await sallyport.invoke("bench.begin", { case: name });
		const args = { text: "x".repeat(bytes - 11) };
		const took = { isolated: [], websocket: [] };
		const row = { isolated: [], websocket: [] };
		const rates = { isolated: [], websocket: [] };
		for (const call of Object.values(variants)) await series(call, args, 20); // warm up
		// One by one in turns: the two then start from the same state of caches
		// and processors, which a call of either kind leaves.
		for (let i = 0; i < effort.rounds * calls; i++) {
			for (const [variant, call] of Object.entries(variants)) took[variant].push(...await series(call, args, 1));
		}
		for (let round = 0; round < effort.rounds; round++) {
			for (const [variant, call] of Object.entries(variants)) row[variant].push(...await series(call, args, calls));
		}
		for (let round = 0; round < effort.floods; round++) {
			for (const [variant, call] of Object.entries(variants)) {
				rates[variant].push(await perSecond(call, args, flood));
			}
		}
		for (const variant of Object.keys(variants)) {
			rows.push({
				case: name, variant,
				p50: percentile(took[variant], 0.5), p95: percentile(took[variant], 0.95),
				perSecond: percentile(rates[variant], 0.5),
			}, {
				case: name, variant: `${variant}:series`,
				p50: percentile(row[variant], 0.5), p95: percentile(row[variant], 0.95), perSecond: 0,
			});
		}
	}
	return rows;
}

// Each document makes its first call, and all but the last make room for the
// next one then.
async function main() {
	const began = performance.now();
	await isolated({ text: "first" });
	const answered = performance.now();
	try {
		const first = { sinceScript: (answered - began) * 1000, sinceNavigation: answered * 1000 };
		const { again } = await sallyport.invoke("bench.arrived", first);
		if (again) {
			location.reload();
			return;
		}
		await sallyport.invoke("bench.report", { rows: await measure() });
	} catch (problem) {
		await sallyport.invoke("bench.report", { rows: [], problem: String(problem) });
	}
	document.getElementById("state").textContent = "Done.";
}

main();

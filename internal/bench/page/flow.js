// What the core sends by itself: bytes as fast as they are read, and events at
// a given rate.
"use strict";

// Reads one stream and returns the microseconds from its call to its last byte.
async function isolatedStream(bytes) {
	const began = performance.now();
	const { result, readable } = sallyport.stream("bench.stream", { bytes });
	const reader = readable.getReader();
	let got = 0;
	for (;;) {
		const { done, value } = await reader.read();
		if (done) break;
		got += value.byteLength;
	}
	await result;
	if (got !== bytes) throw new Error("wrong stream");
	return (performance.now() - began) * 1000;
}

async function plainStream(plain, bytes) {
	const began = performance.now();
	if (await plain.stream(bytes) !== bytes) throw new Error("wrong stream");
	return (performance.now() - began) * 1000;
}

async function measureStream({ case: name, bytes, rounds }, plain) {
	const took = { isolated: [], websocket: [] };
	await isolatedStream(bytes / 8); // warm up
	await plainStream(plain, bytes / 8);
	for (let round = 0; round < rounds; round++) {
		took.isolated.push(await isolatedStream(bytes));
		took.websocket.push(await plainStream(plain, bytes));
	}
	return Object.entries(took).map(([variant, all]) => ({
		...rowOf(name, variant, all, []),
		mbPerSecond: bytes / percentile(all, 0.5),
	}));
}

// How far the core's clock is ahead of this page's, in microseconds: by the
// quickest of some questions, and half its time at most is the error.
async function clockAhead(plain) {
	let quickest = Infinity;
	let ahead = 0;
	for (let i = 0; i < 50; i++) {
		const asked = wallClock();
		const core = await plain.clock();
		const took = wallClock() - asked;
		if (took < quickest) {
			quickest = took;
			ahead = core - (asked + took / 2);
		}
	}
	return ahead;
}

const wallClock = () => (performance.timeOrigin + performance.now()) * 1000;

// Has the events sent and measures how long each was under way.
async function measureEvents({ case: name, events, perSecond }, variant, plain) {
	const late = [];
	let missed = 0;
	let first = 0;
	let last = 0;
	const ahead = await clockAhead(plain);
	let all;
	const arrived = new Promise((resolve) => { all = resolve; });
	const take = (at) => {
		last = wallClock() + ahead;
		first ||= last;
		late.push(last - at);
		if (late.length + missed >= events) all();
	};
	if (variant === "isolated") {
		const unlisten = await sallyport.listen("bench.tick", (event) => {
			missed += event.missed;
			take(event.payload.at);
		});
		await sallyport.invoke("bench.ticks", { events, perSecond });
		await Promise.race([arrived, new Promise((resolve) => setTimeout(resolve, 2000))]);
		unlisten();
	} else {
		plain.events(events, perSecond, take);
		await arrived;
	}
	return {
		...rowOf(name, variant, late, []),
		perSecond: (late.length - 1) / ((last - first) / 1e6),
		missed,
	};
}

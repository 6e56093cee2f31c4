// Measures calls through the isolation frame and by the other ways there are
// from the same page, in turns, and reports microseconds.
"use strict";

const effort = JSON.parse(document.getElementById("effort").textContent);

const echo = (args) => sallyport.invoke("bench.echo", args);
const raw = async (data) => (await sallyport.invoke("bench.raw", { data })).data;

// The ways of one kind of case: each takes what valueOf makes and brings it back.
async function open(plain) {
	const tauri = await openTauriLike(effort.tauri);
	return {
		json: {
			valueOf: (size) => ({ text: "x".repeat(size - 11) }),
			sizeOf: (args) => args.text.length + 11,
			ways: { isolated: echo, websocket: plain.call, "tauri-like": (args) => tauri("bench.echo", args) },
		},
		raw: {
			valueOf: (size) => new Uint8Array(size).fill(120),
			sizeOf: (data) => data.byteLength,
			ways: { isolated: raw, websocket: plain.bytes, "tauri-like": (data) => tauri("bench.raw", data) },
		},
	};
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
	return sorted.length === 0 ? 0 : sorted[Math.floor(p * (sorted.length - 1))];
}

function rowOf(name, variant, took, rates) {
	return {
		case: name, variant,
		p50: percentile(took, 0.5), p95: percentile(took, 0.95), p99: percentile(took, 0.99),
		perSecond: percentile(rates, 0.5),
	};
}

async function measureCase({ case: name, kind, bytes, calls, flood, tauriLike }, kinds) {
	const { valueOf, sizeOf, ways } = kinds[kind];
	const args = valueOf(bytes);
	const series = async (variant, times) => {
		const took = [];
		for (let i = 0; i < times; i++) {
			const began = performance.now();
			const answer = await ways[variant](args);
			took.push((performance.now() - began) * 1000);
			if (sizeOf(answer instanceof ArrayBuffer ? new Uint8Array(answer) : answer) !== bytes) throw new Error("wrong answer");
		}
		return took;
	};
	const pair = effort.pair[kind];
	const took = { "tauri-like": [] };
	const row = {};
	const rates = {};
	for (const variant of pair) {
		took[variant] = [];
		row[variant] = [];
		rates[variant] = [];
		await series(variant, Math.min(20, calls)); // warm up
	}
	if (tauriLike > 0) await series("tauri-like", Math.min(20, tauriLike));
	for (let round = 0; round < effort.rounds; round++) {
		// One by one in turns: all start from the same state of caches and
		// processors. A Tauri-like call comes after one by the plain WebSocket, as
		// the isolated one does, and what comes after it is not counted.
		for (let i = 0; i < calls; i++) {
			for (const variant of pair) took[variant].push(...await series(variant, 1));
			if (Math.floor(((i + 1) * tauriLike) / calls) > Math.floor((i * tauriLike) / calls)) {
				took["tauri-like"].push(...await series("tauri-like", 1));
				await series("websocket", 1);
			}
		}
	}
	for (let round = 0; round < effort.rounds; round++) {
		for (const variant of pair) row[variant].push(...await series(variant, calls));
	}
	for (let round = 0; flood > 0 && round < effort.floods; round++) {
		for (const variant of pair) rates[variant].push(await perSecond(ways[variant], args, flood));
	}
	const rows = [];
	for (const variant of pair) {
		rows.push(rowOf(name, variant, took[variant], rates[variant]), rowOf(name, `${variant}:series`, row[variant], []));
	}
	if (tauriLike > 0) rows.push(rowOf(name, "tauri-like", took["tauri-like"], []));
	return rows;
}

async function measure() {
	const plain = await openPlain(effort.socket);
	const kinds = await open(plain);
	const rows = [];
	const begin = async ({ case: name }) => {
		document.getElementById("state").textContent = name;
		await sallyport.invoke("bench.begin", { case: name });
	};
	for (const payload of effort.payloads) {
		await begin(payload);
		rows.push(...await measureCase(payload, kinds));
	}
	for (const stream of effort.streams) {
		await begin(stream);
		rows.push(...await measureStream(stream, plain));
	}
	for (const events of effort.events) {
		await begin(events);
		for (const variant of effort.eventVariants) rows.push(await measureEvents(events, variant, plain));
	}
	return rows;
}

// Each document makes its first call, and all but the last make room for the
// next one then.
async function main() {
	const began = performance.now();
	await echo({ text: "first" });
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

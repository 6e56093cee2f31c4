// A call the way Tauri 2 takes it with its isolation pattern, re-created: a
// window message to a hidden sandboxed frame, which seals the arguments and
// answers with lists of numbers, and one fetch with them as JSON. Tauri's fetch
// goes to a scheme of its own inside the program; here it is a POST to loopback.
"use strict";

const { nonce: scriptNonce } = document.currentScript;

function openTauriLike({ url, frame: source, key }) {
	const script = source
		.replace("KEY", () => JSON.stringify(key))
		.replace("ORIGIN", () => JSON.stringify(location.origin));
	const text = `<!doctype html><script nonce="${scriptNonce}">${script}</script>`;
	const frame = document.createElement("iframe");
	frame.setAttribute("sandbox", "allow-scripts");
	frame.style.display = "none";
	frame.srcdoc = self.trustedTypes ? trustedTypes.createPolicy("bench", { createHTML: (s) => s }).createHTML(text) : text;

	const waiting = new Map();
	const expect = (settle) => {
		const id = crypto.getRandomValues(new Uint32Array(1))[0];
		waiting.set(id, settle);
		return id;
	};
	const send = async ({ cmd, callback, error, options, payload }) => {
		const response = await fetch(url + encodeURIComponent(cmd), {
			method: "POST",
			body: JSON.stringify(payload),
			headers: {
				"Content-Type": "application/json",
				"Tauri-Callback": callback,
				"Tauri-Error": error,
				"Tauri-Invoke-Key": "bench",
				...options?.headers,
			},
		});
		const id = response.headers.get("Tauri-Response") === "ok" ? callback : error;
		const json = response.headers.get("Content-Type") === "application/json";
		waiting.get(id)(json ? await response.json() : await response.arrayBuffer());
		waiting.delete(callback);
		waiting.delete(error);
	};
	const call = (cmd, payload) => new Promise((resolve, reject) => {
		const callback = expect(resolve);
		const error = expect(reject);
		frame.contentWindow.postMessage({ cmd, callback, error, payload, options: undefined }, "*");
	});

	return new Promise((resolve, reject) => {
		addEventListener("message", ({ source, data }) => {
			if (source !== frame.contentWindow) return;
			if (data === "tauri-like ready") return resolve(call);
			send(data).catch((problem) => waiting.get(data.error)(problem));
		});
		setTimeout(() => reject(new Error("the Tauri-like frame did not start")), 10_000);
		document.body.append(frame);
	});
}

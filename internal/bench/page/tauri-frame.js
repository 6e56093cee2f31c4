// The isolation frame of tauri.js: hook, JSON, AES-GCM, lists of numbers.
// The key and the origin of the page are put in, as Tauri puts them into its own.
"use strict";

(async () => {
	const key = await crypto.subtle.importKey("raw", new Uint8Array(KEY), "AES-GCM", false, ["encrypt"]);
	const hook = (message) => message;

	const sealed = async (value) => {
		const bytes = value instanceof Uint8Array;
		const plain = bytes ? value : new TextEncoder().encode(JSON.stringify(value));
		const nonce = crypto.getRandomValues(new Uint8Array(12));
		const ciphertext = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, plain);
		return {
			nonce: Array.from(nonce),
			payload: Array.from(new Uint8Array(ciphertext)),
			contentType: bytes ? "application/octet-stream" : "application/json",
		};
	};

	addEventListener("message", async ({ origin, data }) => {
		if (origin !== ORIGIN || typeof data !== "object" || !("callback" in data) || !("error" in data)) return;
		const { cmd, callback, error, options, payload } = await hook(data);
		parent.postMessage({ cmd, callback, error, options, payload: await sealed(payload) }, "*");
	});

	parent.postMessage("tauri-like ready", "*");
})();

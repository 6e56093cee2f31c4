// Package sandboxiframe holds the built JavaScript of the boundary: the
// isolation frame's runtime and the page's client. Its sources are the
// TypeScript files in src; `npm run build` writes dist, which is committed so
// that Go alone builds an app.
//
// # Frame
//
// FrameJS is the first part of the frame document's one inline script:
//
//	FrameJS + "\n;\n" + hook + "\n;\n" + "sallyport.start();"
//
// It needs its configuration before it in the document, in an element
//
//	<script type="application/json" id="sallyport-frame">…</script>
//
// which it reads and removes. The hook sees the frozen global sallyport with
// onCall, onAnswer and refuse. Nothing is connected before sallyport.start(),
// which can be called once and is gone from the global afterwards: a hook that
// throws while it loads leaves a frame that does nothing.
//
// # Page
//
// ClientJS is a classic script that defines the global sallyport with invoke
// and SallyportError. It must be the first script of the page and stand after
//
//	<script type="application/json" id="sallyport-page">…</script>
//
// which it reads and removes. ModuleJS, @sallyport/api, is the ES module that
// hands on what ClientJS has made; without that it calls nobody. ClientJS
// serves the brownfield pattern as well, where the page makes the handshake
// itself. ModuleTypes declare both, the module and the global.
package sandboxiframe

import _ "embed"

// FrameJS is the isolation frame's runtime, ASCII, without a trailing call of
// sallyport.start.
//
//go:embed dist/frame.js
var FrameJS []byte

// ClientJS is the page's client as a classic script, ASCII.
//
//go:embed dist/client.js
var ClientJS []byte

// ModuleJS is the ES module through which bundled code reaches ClientJS, ASCII.
//
//go:embed dist/api.mjs
var ModuleJS []byte

// ModuleTypes are the TypeScript declarations of ModuleJS and of the global.
//
//go:embed dist/api.d.ts
var ModuleTypes []byte

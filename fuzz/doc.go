// Package fuzz attacks a finished app: it makes sessions as the isolation
// frame does, sends messages that are valid, nearly valid and hostile, and
// checks that what must hold does hold. One line in an app's tests uses it:
//
//	func FuzzNotes(f *testing.F) { fuzz.App(f, core.Config{Files: files}, newApp) }
//
// `go test` runs a fixed set of scenarios from it, `go test -fuzz FuzzNotes`
// looks for new ones until it is stopped. With -fuzztime, Go before 1.27 may end
// a run that found nothing with "context deadline exceeded" and no failing
// input (https://go.dev/issue/75804); that is no finding.
//
// # What is sent
//
// Arguments come from the app's own schemas: ones that they accept, and ones
// that break them in one place (a member dropped, added, doubled or written in
// other case, another type, a bound missed by one, a number no machine should
// compute, a lone surrogate, deep nesting, __proto__, …). Calls come alone and
// in batches, with cancellations and reports between them, for commands that
// exist and that don't. Raw bytes come beside the arguments where a schema asks
// for them and where none does, and as sections that lie about what the text says:
// one more or less, other sizes, media types and order. Commands that stream are
// called with streams: items are uploaded by their schema and against it, and the
// upload is completed, given up, or its call cancelled. Pages of all windows listen to
// the app's events and to others, and emit what fits and what doesn't, to all, to
// one window and to none. Between them come frames that no frame runtime sends:
// forged, replayed, reordered, cut, transplanted between sessions and
// directions, and items about requests that there never were.
//
// # What must hold
//
//   - No handler runs without a decision on record that allows that very call.
//   - A handler gets what was sent, raw bytes included, as its schema accepted it.
//   - No page hears an event without an allow on record for its listen, and none that
//     is from a window whose pages have not emitted that very payload, for the
//     listening window, by an allow on record, once for each time that it is heard.
//   - No item, progress or credit comes to a page that has not asked for it, or without an
//     allow on record; items come in order and within their credit, fit their schema, and
//     are over before the result.
//   - No handler reads an upload beyond the first item that its schema refuses.
//   - Nothing panics: not the core, not a handler.
//   - Nothing of a call's arguments comes back in a refusal.
//   - Every call is answered once, and in bounded time; a refused one runs no
//     handler.
//   - A frame that was not sealed for its place changes nothing.
//
// Handlers run for real, on the folders that App gives the app as $APPDATA,
// $HOME, $TEMP and whatever else the configuration's Variables name.
package fuzz

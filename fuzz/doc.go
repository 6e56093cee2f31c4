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
// one more or less, other sizes, media types and order. Between them come frames that no frame runtime sends:
// forged, replayed, reordered, cut, transplanted between sessions and
// directions.
//
// # What must hold
//
//   - No handler runs without a decision on record that allows that very call.
//   - A handler gets what was sent, raw bytes included, as its schema accepted it.
//   - Nothing panics: not the core, not a handler.
//   - Nothing of a call's arguments comes back in a refusal.
//   - Every call is answered once, and in bounded time; a refused one runs no
//     handler.
//   - A frame that was not sealed for its place changes nothing.
//
// Handlers run for real, on the folders that App gives the app as $APPDATA,
// $HOME, $TEMP and whatever else the configuration's Variables name.
package fuzz

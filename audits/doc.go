// Package audits is the record of decisions: one [Record] for every call that
// was allowed, denied or refused, written before its handler runs, and one
// more for how it ended. Beside them stand events: a grant that the app made
// while it ran, its end, a policy that was replaced, and one that was not fit to.
//
// Core asks a [Recorder] before it dispatches a call, and an error from it
// refuses the call: nothing runs unrecorded. Two recorders are here. [Lines]
// writes JSON lines to a file or any io.Writer; [Memory] keeps the last few,
// for tests and for an inspector. Package core makes a Lines in the user's
// state folder when it is given none.
//
//	lines, err := audits.OpenLines("/home/me/.local/state/notes/decisions.jsonl")
//	if err != nil {
//		return err
//	}
//	defer lines.Close()
//	app, err := core.New(core.Config{Files: files, Record: lines})
//
// # What a record holds
//
// Who (session, window, origin), what (command), when, the verdict with the
// stage that gave it, the code that the page got, the rules behind it by file
// and line, and the revision of the policy. Of the arguments it holds their
// size and, if the caller computed one, a MAC under a key of its own ([MAC]):
// a plain hash of a short argument can be guessed. The arguments themselves
// never enter it. A Reason is the policy author's text; a rule that puts an
// argument into its reason puts it into the record.
//
// # The file
//
// One line is one JSON object of less than 1 MiB, handed to the operating
// system in one write. Members that are empty are left out, except the first
// nine. Every character that is not printable is escaped, so that a
// record shown on a terminal is text and nothing else.
//
//	{"v":1,"time":"2026-11-22T10:04:05.000000001Z","record":"decision","verdict":"deny",
//	 "id":"red2meji-7","session":"red2meji","window":"main","origin":"http://main-k3.localhost:41001",
//	 "command":"notes.save","stage":"policy","code":"denied","reason":"hidden files stay closed",
//	 "rules":[{"capability":"notes","file":"notes.rego","line":19}],"revision":"5c1e…",
//	 "args_size":48,"args_mac":"9b0f…","stages_ns":{"open":2100,"parse":1900,"schema":2400,"policy":700}}
//
// An event has no call, so that the members about one are empty:
//
//	{"v":1,"time":"2026-11-22T10:05:00.000000001Z","record":"event","verdict":"granted",
//	 "id":"","session":"","window":"","origin":"","command":"","grant":"g-4k…",
//	 "terms":{"title":"Export","windows":["main"],"commands":["notes.export"],"args":["path"],"once":true}}
//
// A line that was acknowledged survives the death of this program. It is not
// forced to disk, so a power cut may take the last ones; and whoever may write
// the file can edit it unseen. Signed checkpoints are still to come.
package audits

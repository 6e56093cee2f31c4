// Package core is the drop-in: it opens what the isolation frame sealed,
// checks it, and runs the few calls that a capability allows.
//
//	app, err := core.New(core.Config{Files: os.DirFS(".")})
//	if err != nil {
//		return err
//	}
//	core.Command(app, "notes.save", saveNote)
//	return app.Run(ctx)
//
// Files is the folder with sallyport.json and what that names: schemas,
// capabilities, hook and page. Everything in it is read and checked by New,
// and by Run or Start, which refuse to go on with the first thing that is
// wrong, by file and line.
//
// # The pipeline
//
// One call goes through these steps, in this order, and a step that fails is
// its last:
//
//	open       session, sequence, authenticity   else discarded, no answer
//	limits     rate, size, concurrency           rate_limited, too_large, busy
//	parse      one strict JSON value             invalid_args
//	validate   the command's input schema        invalid_args
//	authorize  the capabilities, a grant; the    denied
//	           user, if one asks
//	record     the decision is written           unavailable
//	dispatch   the Go handler                    failed, internal, timeout, cancelled
//	validate   the result's schema               internal
//	seal       the answer
//
// The value that was validated is the one that the policy sees and that the
// handler gets; it is never parsed a second time. Window and origin come from
// the session. A command that the policy could neither allow to the window nor,
// where there is a [Prompter], ask about with any arguments goes from parse to
// authorize, so that the page can't tell it from one that does not exist. A page
// learns a [Code] and an id; the record, under the same id, has the reason.
//
// # Handlers
//
// A handler runs in a goroutine of its own, for at most its deadline as far as
// the page is concerned. Its context ends when the page cancels the call, when
// the deadline passes, when the session ends or the app shuts down; a handler
// that does not listen keeps its place in the session's limits until it
// returns. From the context, [Caller] says whose call it is, [Scope] what declarative
// capability files say about the command, and [Root] opens a directory that no
// link leads out of.
//
// # Streams
//
// [Stream] registers a command that streams: items to the page, from it, or both
// ways, in order, at the pace of the slower side, for as long as its handler runs.
// The call goes through the pipeline once; each item is bounded and held to its
// schema.
//
// # Events
//
// [Event] declares what the app and its pages can emit and listen to: to all, to
// one window, or to whom a filter chooses. A page's emits and listens go through
// the pipeline as calls do, each decided for its event, and who emitted is the
// session's to say. What the core emits is judged by the event's schema once and
// is not on record. A listener that is slow holds up nobody: what waits for it is
// bounded, and what is dropped is counted.
//
// # What changes while the app runs
//
// [App.Reload] and Config.CapabilitiesDir put other capabilities in force, as a
// whole or not at all; a call is decided by those in force when it came in.
// [App.Grant] permits for a while what no capability allows, and lifts nothing
// that a rule says. Calls that have begun go on, but for those whose grant says
// otherwise, and those that stream and are not allowed any more. What pages listen
// to is decided anew, and closed if it is not allowed. All of it is on record.
//
// # Whole app or mounted
//
// [App.Run] listens on loopback, opens the user's browser and serves until its
// context ends. In a server of your own, set Config.FrameOrigin and
// Config.Origins, call [App.Start] and mount [App.PageHandler] and
// [App.FrameHandler] under those hosts.
//
// # Throughput
//
// An app that mostly passes calls on has a heap of a few MiB, which Go collects
// dozens of times a second under load. A busy app gains some 15 % of calls a
// second for some 16 MiB by debug.SetGCPercent(400) in its main, or GOGC=400.
package core

package core

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// Config says what an App is made of and what it enforces. New copies what it
// needs: changing a Config afterwards changes nothing. There is no permissive
// default.
type Config struct {
	// Files is the app's folder: sallyport.json and the folders that it
	// names. The fields of the next block stand in for parts of it, and with
	// Name, Schemas, Capabilities and Windows all set no sallyport.json is
	// needed. Nothing is read from Files after New but the page.
	Files fs.FS

	Name         string             // of the app: names its state folder; a-z, 0-9 and single hyphens
	Schemas      fs.FS              // <command>.input.json and <command>.output.json
	Capabilities fs.FS              // Rego and declarative files
	Hook         []byte             // JavaScript of the isolation hook; required but in the brownfield pattern
	Page         fs.FS              // of the windows that bring none, here or in sallyport.json
	Windows      []isolation.Window // the whole list; Origin may be left to Run or to Origins, and Page to Page or sallyport.json

	// CapabilitiesDir is a folder of the system that stands for Capabilities and
	// is watched while the app runs: once it has changed and come to rest, what
	// it holds is reloaded as by App.Reload. Replace its files by renaming
	// others over them: a file that is written slowly may be a valid half of
	// itself. "" watches nothing; with Capabilities it is an error.
	CapabilitiesDir string

	// Pattern is Isolation unless this or sallyport.json asks for Brownfield.
	Pattern isolation.Pattern

	// FrameOrigin and Origins (a page origin for each window's label) are for
	// mounting in a server of yours; hosts all different. Run mints its own
	// and refuses these.
	FrameOrigin string
	Origins     map[string]string

	// Variables are the directories that capabilities name: absolute paths by
	// name with the dollar sign. The user's folders ($HOME, $APPDATA, $DOCUMENT, $TEMP and
	// more, see docs/capabilities.md) are set unless given here or the system has none.
	Variables map[string]string

	// User says what the policy may know of the user whose session it is: what it
	// returns is encoded as JSON, once, of at most 64 KiB, and is input.user of all
	// the session's calls. It is called once for each session, when that opens,
	// from many goroutines, with an Identity without command and id. Calls wait
	// for it. An error, a panic, what can't be encoded and more than 10 s are
	// logged, and all calls of the session are denied. Nil, as a function or as
	// what it returns, leaves input.user undefined: then rules that read it don't
	// hold, a deny neither.
	User func(ctx context.Context, session Identity) (any, error)

	// Record is asked before any handler runs. Nil writes JSON lines to
	// decisions.jsonl in the user's state folder for this app.
	Record audits.Recorder
	// GrantsFile is where grants that persist are kept: the path of a file of this
	// app's alone, and of one process at a time. "" is grants.json beside the
	// record of the default; with a Record of yours it is none, and no grant can
	// persist.
	GrantsFile string
	// RecordKey keys the MAC of the arguments in the record, at least 32
	// bytes. Nil draws one that dies with the process, so that equal arguments
	// are seen to be equal within one run only.
	RecordKey []byte

	// Prompter puts to the user what capabilities ask. Nil has nobody to ask:
	// what would be asked is denied.
	Prompter Prompter
	// AnswersFile is where answers for always are kept: the path of a file of
	// this app's alone, and of one process at a time. "" is answers.json beside
	// the record of the default; with a Record of yours it is none, and the user
	// is not offered to answer for always.
	AnswersFile string
	// PromptTimeout is how long a question waits for the user before it counts
	// as answered with no. Default 60 s.
	PromptTimeout time.Duration

	// Log gets what an operator should know: what was given up at start, refused
	// calls, handlers that panic. Nil is slog.Default(). No line holds text of a
	// page's making, but see Development.
	Log *slog.Logger

	Limits Limits // of each session
	// CommandLimits are those of single commands, by name, beside the limits that sallyport.json
	// has; what both set is an error. Zero fields are those of Limits. Rate and concurrency hold
	// for all sessions of a window together.
	CommandLimits map[string]Limits
	Boundary      isolation.Limits // of the boundary itself: frames, sessions, heartbeats
	HookTimeout   time.Duration    // an asynchronous hook may think this long; default 5 s

	// JudgeOnly has the schema library judge every value, which otherwise is asked
	// only about those that the fast path does not accept. Both give the same
	// verdicts; this is a way out should they ever not, and for measuring. Calls
	// take some fifty times as long.
	JudgeOnly bool

	// Development tells pages what is wrong with their arguments, and the log
	// what errors handlers return, quoted; pages' files are read anew. None of
	// this belongs to a user's machine. It is the one field that loosens without
	// Insecure in its name.
	Development bool

	// PolicyInputs is a file that every call which reaches the policy is added to, with
	// its verdict, for sallyport policy simulate and diff: the arguments in clear, so
	// New refuses it without Development. One JSON line each (docs/policy-cli.md), readable
	// by this user alone, 64 MiB at most: what comes after that is not written, and the
	// log says so once. It is no record: see Record. "" is none.
	PolicyInputs string

	// Observe is called right before each handler, in its goroutine, with a
	// copy of the request that the handler gets. It is for the fuzz kit and
	// tests, which compare that with what was sent; it decides nothing. Nil
	// observes nothing.
	Observe func(r *Request)

	// Open shows a launch file to the user. Nil opens the default browser.
	Open func(ctx context.Context, file string) error
}

package demo

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/audits"
)

// How an attack ended.
const (
	Executed  = "executed"  // it did what it was meant to
	Denied    = "denied"    // an authentic call was refused
	Discarded = "discarded" // it met with silence, or never reached the core
	Unproven  = "unproven"  // there is no evidence for any of these
)

// An attack is one row of the demo. The two functions judge evidence, the
// nil error meaning that it is there.
type attack struct {
	name    string
	summary string // what the hostile script does
	harm    string // what that comes to on the unprotected side
	guard   string // what stops it on the other

	direct   func(evidence) error // the harm was done
	isolated func(evidence) (outcome, error)
}

// An outcome is how an attack was stopped.
type outcome struct {
	isolated string
	stage    string
	rule     string // file:line, "" outside policy
	took     time.Duration
}

// attacks are all rows, in the order in which they are shown and reported.
func attacks() []attack {
	return []attack{
		{
			name:    "forbidden command",
			summary: "Calls files.remove, which the app has for itself, on the backup.",
			harm:    "backup.db is gone", guard: "A capability denies the command to pages.",
			direct:   harm("files.remove", "backup.db"),
			isolated: denied("files.remove", audits.StagePolicy),
		},
		{
			name:    "path traversal",
			summary: "Reads notes/../secret.txt with the command that reads notes.",
			harm:    "secret.txt was read", guard: "The path leaves the folder that the capability opens.",
			direct:   harm("notes.read", "secret.txt"),
			isolated: denied("notes.read", audits.StagePolicy),
		},
		{
			name:    "extra argument",
			summary: "Adds an argument that was never meant for pages: folder.",
			harm:    "a program starts with the machine", guard: "The schema knows no such argument.",
			direct:   harm("notes.save", "autostart/attack.md"),
			isolated: denied("notes.save", audits.StageSchema),
		},
		{
			name:    "wrong type",
			summary: "Saves null where the text of the diary belongs.",
			harm:    "the diary is empty", guard: "The schema wants a string.",
			direct: func(e evidence) error {
				if did(e.direct, "notes.save", "notes/Diary.md") == 0 || e.plain.text("notes/Diary.md") != "" {
					return errors.New("the diary was not emptied")
				}
				return nil
			},
			isolated: denied("notes.save", audits.StageSchema),
		},
		{
			name:    "oversize",
			summary: "Saves a note of three million bytes.",
			harm:    "three million bytes are on the disk", guard: "Arguments have a limit, which holds before they are read.",
			direct: func(e evidence) error {
				if slices.ContainsFunc(e.direct, func(f effect) bool { return f.method == "notes.save" && f.bytes >= 3_000_000 }) {
					return nil
				}
				return errors.New("nothing large was written")
			},
			isolated: denied("notes.save", audits.StageLimits),
		},
		{
			name:    "replayed ciphertext",
			summary: "Carries a genuine sealed call and sends the same bytes twice more.",
			harm:    "the handler ran three times", guard: "A sequence number is accepted once.",
			direct: func(e evidence) error {
				if n := did(e.direct, "notes.save", "notes/attack-replay.md"); n != 3 {
					return fmt.Errorf("the handler ran %d times instead of three", n)
				}
				return nil
			},
			isolated: discarded("open", []string{"sequence"}, 2, effect{"notes.save", "notes/attack-replay.md", 0}),
		},
		{
			name:    "moved ciphertext",
			summary: "Moves a sealed call to another place: type, epoch, sequence, session.",
			harm:    "the call became another command", guard: "The command is inside the seal; everything else is bound to it.",
			direct:   harm("files.remove", "backup.db"),
			isolated: discarded("open", []string{"forged", "iv", "epoch", "type"}, 4, effect{"notes.read", "notes/Diary.md", 0}),
		},
		{
			name:    "forged ciphertext",
			summary: "Makes up sealed calls, and changes single bits of a genuine one.",
			harm:    "a made-up call ran", guard: "Nobody but the frame has the keys.",
			direct:   harm("files.remove", "backup.db"),
			isolated: discarded("open", []string{"forged"}, 8, effect{"notes.read", "notes/Diary.md", 0}),
		},
		{
			name:    "fake isolation frame",
			summary: "Keeps the genuine frame's hello back and shakes hands in its place.",
			harm:    "any frame of the page may call", guard: "The hello needs a secret that the page never sees.",
			direct:   harm("files.remove", "backup.db"),
			isolated: discarded("handshake", []string{"hello"}, 1),
		},
		{
			name:    strangerCase,
			summary: "Another site's frame opens a socket to the core with Origin: null.",
			harm:    "any site's sandboxed frame may call", guard: "An origin of null proves nothing; the hello does.",
			direct:   calledElsewhere("files.remove", "backup.db"),
			isolated: hungUp,
		},
		{
			name:    "prototype pollution",
			summary: "Poisons JSON and prototypes, so that the app's own save becomes another call.",
			harm:    "the app's save removed the backup", guard: "Calls are written and sealed with built-ins taken first.",
			direct: func(e evidence) error {
				if did(e.direct, "notes.save", "notes/attack-pollution.md") > 0 {
					return errors.New("the app's save went through unchanged")
				}
				return harm("files.remove", "backup.db")(e)
			},
			isolated: unchanged("notes.save", "notes/attack-pollution.md", pollutionText),
		},
	}
}

// pollutionText is what the app saves in the pollution case, and what has to
// be in the note afterwards.
const pollutionText = "The words of the app's user."

// harm is done if the unprotected handler did this.
func harm(method, path string) func(evidence) error {
	return func(e evidence) error {
		if did(e.direct, method, path) == 0 {
			return fmt.Errorf("%s did not reach %s", method, path)
		}
		return nil
	}
}

// denied wants the call on record as refused at a stage, no handler to have
// run, and every decoy as it was.
func denied(command, stage string) func(evidence) (outcome, error) {
	return func(e evidence) (outcome, error) {
		if len(e.ran) > 0 {
			return outcome{isolated: Executed}, fmt.Errorf("%s ran", e.ran[0].method)
		}
		if err := e.isolated.intact(); err != nil {
			return outcome{isolated: Executed}, err
		}
		if len(e.records) != 1 {
			return outcome{}, fmt.Errorf("there are %d records, expected one", len(e.records))
		}
		r := e.records[0]
		refused := r.Verdict == audits.VerdictDeny || r.Verdict == audits.VerdictRefuse
		if r.Command != command || !refused || r.Stage != stage {
			return outcome{}, fmt.Errorf("%s is on record as %q at %q, expected %s refused at %q", r.Command, r.Verdict, r.Stage, command, stage)
		}
		o := outcome{isolated: Denied, stage: r.Stage, took: total(r.Stages)}
		if r.Stage == audits.StagePolicy {
			if len(r.Rules) == 0 {
				return outcome{}, errors.New("the denial names no rule")
			}
			o.rule = ruleOf(r.Rules[0])
		}
		return o, nil
	}
}

// discarded wants at least so many frames thrown away for these reasons, and
// no handler to have run but for the genuine calls, each exactly once.
func discarded(stage string, reasons []string, least uint64, genuine ...effect) func(evidence) (outcome, error) {
	return func(e evidence) (outcome, error) {
		for _, f := range e.ran {
			if !slices.ContainsFunc(genuine, func(g effect) bool { return g.method == f.method && g.path == f.path }) {
				return outcome{isolated: Executed}, fmt.Errorf("%s ran on %s", f.method, f.path)
			}
		}
		for _, g := range genuine {
			if n := did(e.ran, g.method, g.path); n != 1 {
				return outcome{}, fmt.Errorf("the genuine %s ran %d times, expected once", g.method, n)
			}
		}
		if err := e.isolated.intact(); err != nil {
			return outcome{isolated: Executed}, err
		}
		var n uint64
		for _, reason := range reasons {
			n += e.discarded[reason]
		}
		if n < least {
			return outcome{}, fmt.Errorf("%d were discarded as %s, expected at least %d", n, strings.Join(reasons, " or "), least)
		}
		if len(genuine) == 0 && (e.opened > 0 || len(e.records) > 0) {
			return outcome{isolated: Executed}, errors.New("a session was opened or a call came through")
		}
		for _, d := range e.discards {
			if slices.ContainsFunc(reasons, func(reason string) bool { return d.reasons[reason] > 0 }) {
				return outcome{isolated: Discarded, stage: stage, took: d.took}, nil
			}
		}
		return outcome{}, errors.New("no discard was timed")
	}
}

// calledElsewhere is harm that a sandboxed frame of another site did, by what
// its browser says of it.
func calledElsewhere(method, path string) func(evidence) error {
	return func(e evidence) error {
		if !slices.Contains(e.callers, caller{method, "null", "cross-site"}) {
			return errors.New("no frame of another site made the call")
		}
		return harm(method, path)(e)
	}
}

// hungUp wants the socket of a frame whose origin is null to have been closed
// on its guessed hello, without a word on it, and the other site's page to
// have seen no more of it.
func hungUp(e evidence) (outcome, error) {
	switch e.said {
	case saidClosed:
	case "":
		return outcome{}, errors.New("the other site's page never said what came of it")
	case saidUnreachable:
		return outcome{}, errors.New("the other site's frame could not connect")
	default:
		return outcome{}, fmt.Errorf("the other site's frame found its socket %s", e.said)
	}
	e.discards = slices.DeleteFunc(slices.Clone(e.discards), func(d discard) bool { return d.origin != "null" })
	return discarded("handshake", []string{"hello"}, 1)(e)
}

// unchanged wants exactly the app's own call to have run, with the app's own
// words: what the attack wanted to make of it never reached the core.
func unchanged(command, path, text string) func(evidence) (outcome, error) {
	return func(e evidence) (outcome, error) {
		if err := e.isolated.intact(); err != nil {
			return outcome{isolated: Executed}, err
		}
		if len(e.ran) != 1 || did(e.ran, command, path) != 1 {
			return outcome{}, fmt.Errorf("the handlers did %v, expected %s of %s alone", e.ran, command, path)
		}
		if got := e.isolated.text(path); got != text {
			return outcome{isolated: Executed}, errors.New("the words of the call were changed")
		}
		for _, r := range e.records {
			if r.Verdict != audits.VerdictAllow && r.Verdict != audits.VerdictDone {
				return outcome{}, fmt.Errorf("a call is on record as %q", r.Verdict)
			}
			if r.Kind == audits.KindOutcome {
				return outcome{isolated: Discarded, stage: "frame", took: total(r.Stages)}, nil
			}
		}
		return outcome{}, errors.New("the app's call has no outcome on record")
	}
}

func ruleOf(r audits.Rule) string { return fmt.Sprintf("%s/%s:%d", capabilities, r.File, r.Line) }

// total is the time that the core spent on a call.
func total(s audits.Stages) time.Duration {
	return s.Open + s.Parse + s.Schema + s.Policy + s.Record + s.Handler + s.Output + s.Seal
}

package audits

import (
	"context"
	"time"
)

// Verdicts of decisions. Those of outcomes follow below; no word is in both.
const (
	VerdictAllow  = "allow"  // the handler may run
	VerdictDeny   = "deny"   // the policy said no, or said nothing
	VerdictRefuse = "refuse" // an earlier stage said no: hook, limits, parse, schema
)

// Verdicts of outcomes.
const (
	VerdictDone      = "done"      // the handler returned, and its result is fit for the page
	VerdictFailed    = "failed"    // the handler returned an error, panicked, or its result broke the schema
	VerdictCancelled = "cancelled" // the page, a deadline or the session's end stopped it
)

// Verdicts of events, which are about no call: something changed what the app
// permits.
const (
	VerdictGranted  = "granted"  // a grant was made; Terms say what it permits
	VerdictRevoked  = "revoked"  // the app took a grant back
	VerdictExpired  = "expired"  // a grant reached its time
	VerdictEnded    = "ended"    // a grant ended otherwise; Reason says how
	VerdictReloaded = "reloaded" // the policy of Revision is in force from here on
	VerdictKept     = "kept"     // another policy was offered and is unfit: that of Revision stays in force
)

// Stages that give verdicts.
const (
	StageHook     = "hook"
	StageLimits   = "limits"
	StageParse    = "parse"
	StageSchema   = "schema"
	StagePolicy   = "policy"
	StageDispatch = "dispatch"
	StageOutput   = "output"
)

// What became of a question to the user: answers, answers of before that were
// kept, and why there was none. All but a yes refuse the call.
const (
	AskedOnce    = "once"    // yes, this one time; one call runs, those that waited for the same answer do not
	AskedSession = "session" // yes, until the session ends
	AskedAlways  = "always"  // yes, from now on
	AskedNo      = "no"

	AskedKeptSession = "kept_session" // a yes for the session of before: nobody was asked anew
	AskedKeptAlways  = "kept_always"  // a yes for always of before
	AskedKeptNo      = "kept_no"      // a no of moments ago

	AskedTimeout   = "timeout"   // no answer in time
	AskedWithdrawn = "withdrawn" // the call ended before there was an answer
	AskedFailed    = "failed"    // the prompter could not ask
	AskedRefused   = "refused"   // too many questions: nobody was asked
)

// Kinds of records.
const (
	KindDecision = "decision"
	KindOutcome  = "outcome"
	KindEvent    = "event"
)

// A Record is one decision about one call, how a decided call ended, or a change
// of what is permitted. The zero value is a valid, if empty, record.
//
// Strings longer than 1 KiB are cut when they are written, and at most 32
// rules are, and as many entries of each list of Terms.
type Record struct {
	Version int       `json:"v"`      // of the line format; set by the recorder
	Time    time.Time `json:"time"`   // when the verdict fell; the zero time means now
	Kind    string    `json:"record"` // KindDecision, KindOutcome or KindEvent; set by the recorder
	Verdict string    `json:"verdict"`

	ID      string `json:"id"`      // what the page is told: "<8 characters of session>-<call>"
	Session string `json:"session"` // from the session, never from the message, as are the next two
	Window  string `json:"window"`
	Origin  string `json:"origin"`
	Command string `json:"command"` // "" unless it is a registered one: page text stays out

	Event  string `json:"event,omitempty"`  // that is emitted or listened to; "" unless it is a declared one
	Target string `json:"target,omitempty"` // label of the only window that it is emitted to; "" unless the app has that window

	Carrier string `json:"carrier,omitempty"` // "direct" or "relay"
	Pattern string `json:"pattern,omitempty"` // "isolation" or "brownfield"

	// ByFrame marks what the core did not see itself but was told in a sealed
	// report of the frame: a call that the hook kept back.
	ByFrame bool `json:"by_frame,omitempty"`

	Stage    string `json:"stage,omitempty"`  // the stage that gave the verdict
	Code     string `json:"code,omitempty"`   // what the page got; "" when allowed
	Reason   string `json:"reason,omitempty"` // for the developer, never sent to the page
	Rules    []Rule `json:"rules,omitempty"`
	Revision string `json:"revision,omitempty"` // of the policy
	Asked    string `json:"asked,omitempty"`    // what became of the question to the user; "" where the policy did not ask

	Mismatch *Mismatch `json:"mismatch,omitempty"` // of arguments or a result that their schema refuses; nil of all else

	Nearest *Nearest `json:"nearest,omitempty"` // of a denial by the policy; nil where nothing came near
	// Grant is the id of the grant that allowed the call where no rule did, or
	// that an event is about.
	Grant string `json:"grant,omitempty"`
	Terms *Terms `json:"terms,omitempty"` // of an event about a grant; nil of all else

	ArgsSize int    `json:"args_size,omitempty"` // bytes of JSON
	ArgsMAC  string `json:"args_mac,omitempty"`  // see MAC

	BinarySize int       `json:"binary_size,omitempty"` // bytes of the raw sections beside the arguments
	Streamed   *Streamed `json:"streamed,omitempty"`    // of the outcome of a call that streamed; nil of all else

	Stages Stages `json:"stages_ns,omitzero"`
}

// Streamed is what went each way under a call.
type Streamed struct {
	ItemsIn  int64 `json:"items_in"` // from the page
	BytesIn  int64 `json:"bytes_in"` // of JSON text and raw sections
	ItemsOut int64 `json:"items_out"`
	BytesOut int64 `json:"bytes_out"`
}

// A Rule is a line of a capability file that decided.
type Rule struct {
	Capability string `json:"capability"`
	File       string `json:"file"`
	Line       int    `json:"line"`
}

// Mismatch is where a value is not what its schema wants. It is made of the
// schema's words alone and holds nothing of the value.
type Mismatch struct {
	Pointer  string `json:"pointer"`  // JSON Pointer; "" is the value itself, "*" a name that the schema does not mention
	Keyword  string `json:"keyword"`  // that refused it; "syntax" of what is no acceptable JSON, "limits" of what is too large
	Expected string `json:"expected"` // in words
}

// Nearest is the rule that came nearest to allowing a call that was denied, and
// why it did not. Of what the page sent it has types and sizes alone.
type Nearest struct {
	Rule
	Elsewhere     string `json:"elsewhere,omitempty"` // why its capability does not hold for the call
	Condition     string `json:"condition,omitempty"` // the first that failed, as the file has it
	ConditionLine int    `json:"condition_line,omitempty"`
	Saw           []Saw  `json:"saw,omitempty"` // what that looked at
}

// Saw is a part of the input that a condition looked at.
type Saw struct {
	Path string `json:"path"`           // as a rule writes it: input.args.path
	Type string `json:"type"`           // of JSON, or "nothing"
	Size int    `json:"size,omitempty"` // bytes of JSON
}

// Terms are what a grant permits, and until when. The values that it asks of
// arguments are not among them, only the names of those.
type Terms struct {
	Title         string    `json:"title,omitempty"`
	Windows       []string  `json:"windows,omitempty"`
	Origins       []string  `json:"origins,omitempty"` // none: every page of the windows
	Commands      []string  `json:"commands,omitempty"`
	Args          []string  `json:"args,omitempty"`     // names of those it asks a value of
	Expires       time.Time `json:"expires,omitzero"`   // zero: at no time of its own
	Once          bool      `json:"once,omitempty"`     // good for one call
	Sessions      []string  `json:"sessions,omitempty"` // ends with the last of these
	Persist       bool      `json:"persist,omitempty"`  // outlives the program
	CancelRunning bool      `json:"cancel_running,omitempty"`
}

// Stages is the time each step of a call took. Zero means that the step was
// not reached or not measured.
type Stages struct {
	Open    time.Duration `json:"open,omitempty"`
	Parse   time.Duration `json:"parse,omitempty"`
	Schema  time.Duration `json:"schema,omitempty"`
	Policy  time.Duration `json:"policy,omitempty"`
	Prompt  time.Duration `json:"prompt,omitempty"` // waiting for the user's answer
	Record  time.Duration `json:"record,omitempty"` // known only in an outcome
	Handler time.Duration `json:"handler,omitempty"`
	Output  time.Duration `json:"output,omitempty"`
	Seal    time.Duration `json:"seal,omitempty"` // zero from core, which has the outcome on record before it seals the answer
}

// A Recorder keeps records. Its methods are called from many goroutines, must
// not keep or change r, and return only when the record is kept.
//
// The context says on whose behalf a record is written. A recorder that waits
// for something far away may give up when it is done; one that does not need
// to wait writes anyway, since a decision that fell is to be recorded also
// when nobody waits for it any more.
type Recorder interface {
	// Decide records a decision. Core calls it before it dispatches, and an
	// error refuses the call.
	Decide(ctx context.Context, r *Record) error
	// Outcome records how a call ended that Decide had allowed. An error comes
	// too late for that call: core logs it and goes on. A recorder that can
	// keep nothing more, like Lines after a failed write, says so to the next
	// Decide, which refuses that call and all after it.
	Outcome(ctx context.Context, r *Record) error
	// Event records a change of what is permitted. Core calls it before
	// something more is, and an error keeps that from coming into force. What
	// takes something away comes into force first and is recorded then.
	Event(ctx context.Context, r *Record) error
}

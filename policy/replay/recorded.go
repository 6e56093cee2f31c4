package replay

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// Undecided is the effect of a call that the policy gave an error on. The core denies it.
const Undecided = "error"

// A Recorded is a call as a policy saw it, and what the policy said.
type Recorded struct {
	Input     policy.Input
	Variables map[string]string // of the policy's Config
	Was       Verdict
	Revision  string // of the policy
	Line      int    // of the file it was read from, from 1
}

// A Verdict is what a policy says on one call.
type Verdict struct {
	Effect string `json:"effect"` // of policy.Effect, or Undecided
	Reason string `json:"reason"` // of a denial; the question of an ask; the error
	Rules  []Rule `json:"rules"`  // behind it
}

// A Rule is one of a capability file.
type Rule struct {
	Capability string `json:"capability"`
	File       string `json:"file"` // within the folder that was loaded
	Line       int    `json:"line"`
	Kind       string `json:"kind"`
}

// NewVerdict is what Decide returned. An error's text may quote what a page sent.
func NewVerdict(d policy.Decision, err error) Verdict {
	if err != nil {
		return Verdict{Effect: Undecided, Reason: err.Error(), Rules: []Rule{}}
	}
	return Verdict{Effect: d.Effect.String(), Reason: d.Reason, Rules: rulesOf(d.Rules)}
}

func rulesOf(of []policy.Rule) []Rule {
	all := make([]Rule, len(of))
	for i, r := range of {
		all[i] = Rule{r.Capability, r.File, r.Line, r.Kind}
	}
	return all
}

//go:embed inputs.schema.json
var inputsSchema []byte

// Schema is the JSON Schema of one line of a file of recorded calls.
func Schema() []byte { return slices.Clone(inputsSchema) }

const version = 1

// line is a Recorded as it is written.
type line struct {
	Version   int               `json:"version"`
	Revision  string            `json:"revision"`
	Effect    string            `json:"effect"`
	Reason    string            `json:"reason"`
	Rules     []Rule            `json:"rules"`
	Platform  string            `json:"platform"`
	Variables map[string]string `json:"variables"`
	Input     input             `json:"input"`
}

type input struct {
	Window  string    `json:"window"`
	Origin  string    `json:"origin"`
	Local   bool      `json:"local"`
	Command string    `json:"command"`
	Session string    `json:"session,omitzero"`
	Event   string    `json:"event,omitzero"`
	Target  string    `json:"target,omitzero"`
	Channel string    `json:"channel,omitzero"`
	User    document  `json:"user,omitzero"` // left out: undefined
	Time    time.Time `json:"time"`
	Args    document  `json:"args"`
}

// A document is a value that stays as it was written, numbers digit by digit.
type document struct{ value schema.Value }

func (d document) MarshalJSON() ([]byte, error) {
	if d.value == nil {
		return []byte("null"), nil
	}
	return d.value.AppendJSON(nil), nil
}

func (d *document) UnmarshalValue(v schema.Value) error {
	d.value = v
	return nil
}

// Append appends r as one line.
func (r *Recorded) Append(dst []byte) ([]byte, error) {
	in := &r.Input
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(line{
		Version: version, Revision: r.Revision, Effect: r.Was.Effect, Reason: r.Was.Reason, Rules: r.Was.Rules,
		Platform: in.Platform, Variables: r.Variables,
		Input: input{
			Window: in.Window, Origin: in.Origin, Local: in.Local, Command: in.Command, Session: in.Session,
			Event: in.Event, Target: in.Target, Channel: in.Channel, User: document{in.User}, Time: in.Time, Args: document{in.Args},
		},
	})
	if err != nil {
		return dst, fmt.Errorf("replay: %w", err)
	}
	return append(dst, b.Bytes()...), nil
}

// maxLine bounds one line, in bytes. Nothing that the core writes is longer.
const maxLine = 64 << 20

func lineLimits() schema.Limits {
	return schema.Limits{Size: maxLine, Depth: 512, Nodes: 8 << 20, Keys: 1 << 20, Number: 1 << 10}
}

// Read yields the recorded calls of a file. An error ends it and names the line; empty lines are
// passed over.
func Read(r io.Reader) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		lines := bufio.NewReader(r)
		for n := 1; ; n++ {
			text, err := readLine(lines)
			if err == io.EOF {
				return
			}
			if err == nil && len(text) == 0 {
				continue
			}
			var call Recorded
			if err == nil {
				call, err = parse(text)
			}
			if err != nil {
				yield(Recorded{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			call.Line = n
			if !yield(call, nil) {
				return
			}
		}
	}
}

// readLine reads one line without its end; io.EOF says that there is none.
func readLine(r *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			return nil, fmt.Errorf("has more than %d bytes", maxLine)
		}
		text = append(text, part...)
		switch {
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(text) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, err
		default:
			return bytes.TrimSuffix(text, []byte("\n")), nil
		}
	}
}

func parse(text []byte) (Recorded, error) {
	v, err := schema.Parse(text, lineLimits())
	if err != nil {
		return Recorded{}, err
	}
	var l line
	if err := schema.Decode(v, &l); err != nil {
		return Recorded{}, err
	}
	switch {
	case l.Version != version:
		return Recorded{}, fmt.Errorf("version is %d: this program reads version %d", l.Version, version)
	case !slices.Contains([]string{"allow", "ask", "deny", Undecided}, l.Effect):
		return Recorded{}, fmt.Errorf("effect: expected allow, ask, deny or error, got %q", l.Effect)
	case l.Input.Command == "":
		return Recorded{}, errors.New("input.command is missing")
	case l.Input.Time.IsZero():
		return Recorded{}, errors.New("input.time is missing: what expires can't be judged")
	}
	return Recorded{
		Revision: l.Revision, Variables: l.Variables, Was: Verdict{l.Effect, l.Reason, l.Rules},
		Input: policy.Input{
			Window: l.Input.Window, Origin: l.Input.Origin, Local: l.Input.Local, Command: l.Input.Command, Platform: l.Platform,
			Session: l.Input.Session, Event: l.Input.Event, Target: l.Input.Target, Channel: l.Input.Channel, User: l.Input.User.value,
			Time: l.Input.Time, Args: l.Input.Args.value,
		},
	}, nil
}

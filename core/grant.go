package core

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/schema"
)

// A Grant permits calls that no capability allows, until it ends. It lifts no
// deny, no ask and no scope: where a rule is behind the policy's answer, that
// stands. docs/grants.md tells more.
//
// Of the lists unset, empty and any are three things, as in a capability.
type Grant struct {
	ID    string    // given by the app; "" in what App.Grant is given
	Since time.Time // likewise

	// Windows are labels, or globs on them with * and ?; required.
	Windows []string
	// Origins are origins of those windows' pages. Nil is all of them.
	Origins []string
	// Commands are names of registered commands; required.
	Commands []string
	// Args are arguments that a call must have, by name, each of exactly that
	// JSON value; what it has beside them is left to the schema. Nil asks for
	// none. In what App.Grants returns the values are of type json.RawMessage.
	Args map[string]any

	// Expires is when it ends, by the clock of the wall or the one that nobody
	// sets, whichever is first. The zero time is never.
	Expires time.Time
	// Once ends it with the first call that needs it. A call which is refused
	// after that, because it could not be recorded or was cancelled, has used it
	// up as well.
	Once bool
	// UntilNavigation gives it to the documents alone that are open in its
	// windows when it is made. None that is opened, loaded anew or navigated to
	// later has it, and it ends with the last of theirs. It is an error if there
	// is none.
	UntilNavigation bool
	// Persist has it survive the program, in Config.GrantsFile. It can't go
	// together with Once and UntilNavigation.
	Persist bool
	// CancelRunning ends calls that run by it when it ends other than by Once:
	// their contexts are cancelled and their pages told. Without it calls that
	// have begun go on, but for those that stream and are not permitted otherwise.
	CancelRunning bool

	// Title and Reason are the app's words for the record. Leave out what a
	// page chose.
	Title, Reason string
}

// The most that one grant may list, as much as its record shows, and how large
// its arguments may be as JSON text.
const (
	maxGrantList = 32
	maxGrantArgs = 64 << 10
)

// A grant is a Grant that was checked.
type grant struct {
	Grant    // complete and its own; Args as JSON text
	args     []pinned
	windows  map[string]bool       // labels
	sessions map[*session]struct{} // that it is bound to; nil for all. Fixed
	until    time.Time             // Expires with a monotonic reading; zero for never
	state    atomic.Int32
	waiting  map[*session]struct{} // of sessions, those that have not ended; guarded by grants.mu
	timer    *time.Timer           // guarded by grants.mu
}

// What becomes of a grant. No step leads back.
const (
	standing int32 = iota // it counts
	spent                 // the call that it was good for has it
	over                  // it has ended
)

// pinned is an argument and the value that it must have.
type pinned struct {
	name  string
	value schema.Value
}

// A misfit is a grant that fits another app than this one: a window or a
// command that it names is not there.
type misfit struct{ error }

// newGrant checks what a Grant says.
func (app *App) newGrant(g Grant, now time.Time) (*grant, error) {
	h := &grant{Grant: g, windows: make(map[string]bool)}
	h.Windows, h.Origins, h.Commands = slices.Clone(g.Windows), slices.Clone(g.Origins), slices.Clone(g.Commands)
	switch {
	case len(g.Title) > 1024 || len(g.Reason) > 1024:
		return nil, wrong("Title and Reason", "have at most 1024 bytes each")
	case g.Persist && (g.Once || g.UntilNavigation):
		return nil, wrong("Persist", "can't go together with Once or UntilNavigation: those end before a restart does")
	case g.Persist && app.grants.file == "":
		return nil, wrong("Persist", "needs Config.GrantsFile: with a Config.Record of yours there is no folder of the app's own")
	case !g.Expires.IsZero() && !now.Before(g.Expires):
		return nil, wrong("Expires", "is %v, which has passed", g.Expires.Format(time.RFC3339))
	}
	if !g.Expires.IsZero() {
		h.until = now.Add(g.Expires.Sub(now.Round(0)))
		h.Expires = g.Expires.Round(0)
	}
	for _, list := range []struct {
		name  string
		texts []string
	}{{"Windows", g.Windows}, {"Origins", g.Origins}, {"Commands", g.Commands}} {
		if err := checkList(list.name, list.texts, list.name != "Origins"); err != nil {
			return nil, err
		}
	}
	for _, check := range []func() error{h.pinArgs, func() error { return app.placeGrant(h) }} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// wrong is an error about a field.
func wrong(field, format string, args ...any) error {
	return fmt.Errorf("%s %s", field, fmt.Sprintf(format, args...))
}

func checkList(name string, texts []string, required bool) error {
	switch {
	case required && texts == nil:
		return wrong(name, "is not set")
	case texts != nil && len(texts) == 0:
		return wrong(name, "is empty, which is none at all")
	case len(texts) > maxGrantList:
		return wrong(name, "has more than %d entries; make several grants", maxGrantList)
	}
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			return wrong(name, "has %q twice", text)
		}
	}
	return nil
}

// pinArgs reads the arguments' values as strictly as a page's message.
func (g *grant) pinArgs() error {
	if g.Args == nil {
		return nil
	}
	if len(g.Args) == 0 || len(g.Args) > maxGrantList {
		return wrong("Args", "has %d entries; want 1 to %d, or nil for any arguments", len(g.Args), maxGrantList)
	}
	kept, room := make(map[string]any), maxGrantArgs
	for _, name := range slices.Sorted(maps.Keys(g.Args)) {
		text := null
		var err error
		if g.Args[name] != nil {
			text, err = encodeJSON(g.Args[name], room)
		}
		if room -= len(text); err != nil || room < 0 {
			return wrong(fmt.Sprintf("Args[%q]", name), "is no JSON, or all of Args more than %d bytes", maxGrantArgs)
		}
		value, err := schema.Parse(text, schema.Limits{Size: maxGrantArgs})
		if err != nil {
			return wrong(fmt.Sprintf("Args[%q]", name), "is unfit: %v", err)
		}
		g.args = append(g.args, pinned{name, value})
		kept[name] = json.RawMessage(text)
	}
	g.Args = kept
	return nil
}

// placeGrant finds the windows of a grant, and holds it to what the app has.
func (app *App) placeGrant(g *grant) error {
	for _, glob := range g.Windows {
		found := false
		for label := range app.windows {
			if ok, err := path.Match(glob, label); err == nil && ok && !strings.ContainsAny(glob, `[\`) {
				found, g.windows[label] = true, true
			}
		}
		if !found {
			return misfit{wrong("Windows", "has %q, which is no window of the app and no glob (* and ?) on one", glob)}
		}
	}
	for _, origin := range g.Origins {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(g.windows)), func(label string) bool { return app.windows[label].origin == origin }) {
			return misfit{wrong("Origins", "has %q, which is the origin of none of its windows", origin)}
		}
	}
	for _, command := range g.Commands {
		if app.commands[command] == nil {
			return misfit{wrong("Commands", "has %q, which is not registered", command)}
		}
	}
	return nil
}

// covers reports whether a grant may count for a session's calls.
func (g *grant) covers(s *session, now time.Time) bool {
	if g.state.Load() != standing || g.expired(now) || !g.windows[s.window.label] {
		return false
	}
	if g.Origins != nil && !slices.Contains(g.Origins, s.window.origin) {
		return false
	}
	_, bound := g.sessions[s]
	return g.sessions == nil || bound
}

// asks reports whether arguments are those that a grant asks for.
func (g *grant) asks(args schema.Value) bool {
	for _, a := range g.args {
		value, ok := args.Field(a.name)
		if !ok || !equal(a.value, value) {
			return false
		}
	}
	return true
}

// expired asks both clocks: the wall's may be set back, and the other stands
// still while the machine sleeps.
func (g *grant) expired(now time.Time) bool {
	return !g.until.IsZero() && !(now.Before(g.until) && now.Round(0).Before(g.Expires))
}

// take uses the grant for a call, and reports whether it could be.
func (g *grant) take() bool {
	if g.Once {
		return g.state.CompareAndSwap(standing, spent)
	}
	return g.state.Load() == standing
}

// public is what the app gets to see: a copy.
func (g *grant) public() Grant {
	p := g.Grant
	p.Windows, p.Origins, p.Commands = slices.Clone(p.Windows), slices.Clone(p.Origins), slices.Clone(p.Commands)
	p.Args = maps.Clone(p.Args)
	for name, value := range p.Args {
		p.Args[name] = slices.Clone(value.(json.RawMessage))
	}
	return p
}

// terms are what the record shows: copies, of which the recorder may do what
// it likes.
func (g *grant) terms() *audits.Terms {
	p := g.public()
	t := &audits.Terms{
		Title: p.Title, Windows: p.Windows, Origins: p.Origins, Commands: p.Commands, Expires: p.Expires,
		Once: p.Once, Persist: p.Persist, CancelRunning: p.CancelRunning,
	}
	for _, a := range g.args {
		t.Args = append(t.Args, a.name)
	}
	for s := range g.sessions {
		t.Sessions = append(t.Sessions, s.link.ID())
	}
	slices.Sort(t.Sessions)
	return t
}

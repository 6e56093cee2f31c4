package replay

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/policy"
)

// A universe is all that two policies speak of.
type universe struct {
	windows   []standIn
	origins   []standIn // "" is the app itself
	platforms []string
	subjects  []subject
	times     []time.Time // now, and when something expires later
}

// anyOther is a command or an event that no rule names; none has this name.
const anyOther = "any other"

// A subject is what is compared, and what it is called.
type subject struct {
	policy.Subject
	name string
}

func universeOf(was, now *policy.Policy, at time.Time) universe {
	u := universe{times: []time.Time{at}}
	var globs, labels, origins []string
	for _, p := range []*policy.Policy{was, now} {
		for _, k := range p.Capabilities() {
			globs = append(globs, k.Windows...)
			u.platforms = append(u.platforms, k.Platforms...)
			if k.Expires.After(at) {
				u.times = append(u.times, k.Expires)
			}
		}
	}
	names := distinct(slices.Concat(was.Commands(), now.Commands()))
	var prefixes, events []string
	for _, p := range []*policy.Policy{was, now} {
		for _, name := range append(slices.Clone(names), anyOther) {
			for _, l := range p.Words(name).Looks {
				switch l.Path[0].Name {
				case "window":
					labels = append(labels, l.Texts...)
				case "origin":
					origins = append(origins, l.Texts...)
				case "platform":
					u.platforms = append(u.platforms, l.Texts...)
				case "command":
					prefixes = append(prefixes, l.Texts...)
				case "event":
					events = append(events, l.Texts...)
				}
			}
		}
	}
	u.windows, u.platforms = windowsFor(globs, labels), distinct(u.platforms)
	u.origins = originsFor([]*policy.Policy{was, now}, origins)
	u.subjects = append(commandsFor(names, prefixes), eventsFor(was, now, events)...)
	slices.SortFunc(u.times, time.Time.Compare)
	u.times = slices.CompactFunc(u.times, time.Time.Equal)
	return u
}

// commandsFor is the commands that rules name, one below each namespace that they name, and one
// that none names. Those about events are left out.
func commandsFor(names, words []string) []subject {
	var all []subject
	for _, s := range standIns(names, words) {
		if s.value != policy.EmitCommand && s.value != policy.ListenCommand {
			all = append(all, subject{policy.Subject{Command: s.value}, s.name})
		}
	}
	return all
}

// eventsFor is the same of events, each emitted and listened to, where some rule is about them.
func eventsFor(was, now *policy.Policy, words []string) []subject {
	about := func(s policy.Subject) bool { return s.Event != "" }
	if !slices.ContainsFunc(was.Subjects(anyOther), about) && !slices.ContainsFunc(now.Subjects(anyOther), about) {
		return nil
	}
	var all []subject
	for _, command := range []string{policy.EmitCommand, policy.ListenCommand} {
		for _, s := range standIns(distinct(slices.Concat(was.Events(), now.Events())), words) {
			all = append(all, subject{policy.Subject{Command: command, Event: s.value}, command + " " + s.name})
		}
	}
	return all
}

// standIns are names and what else could be one, for each beginning of others one that has it, and one other.
func standIns(names, words []string) []standIn {
	var all []standIn
	for _, name := range names {
		all = append(all, standIn{name, name})
	}
	for _, w := range distinct(words) {
		if w == "" || slices.Contains(names, w) {
			continue
		}
		if manifest.ValidCommand(w) { // a rule may say what it is not about
			all = append(all, standIn{w, w})
		}
		all = append(all, standIn{"any other " + w + "*", w + "sallyport-diff"})
	}
	return append(all, standIn{anyOther, "sallyport-diff.other"})
}

// A RuleChange is a rule that one of two policies has and the other has not.
type RuleChange struct {
	Change string `json:"change"` // "added" or "removed"; a rule that says something else now is both
	Rule
}

func ruleChanges(was, now *policy.Policy) []RuleChange {
	removed, added := apart(was.Texts(), now.Texts(), whole)
	all := []RuleChange{}
	for change, texts := range map[string][]policy.Text{"removed": removed, "added": added} {
		for _, t := range texts {
			all = append(all, RuleChange{change, rulesOf([]policy.Rule{t.Rule})[0]})
		}
	}
	slices.SortFunc(all, func(a, b RuleChange) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(b.Change, a.Change), strings.Compare(a.Kind, b.Kind))
	})
	return all
}

// A CapabilityChange is a capability that came, went, or holds elsewhere than it did.
type CapabilityChange struct {
	Change string   `json:"change"` // "added", "removed" or "changed"
	ID     string   `json:"id"`
	File   string   `json:"file"` // of the new policy, unless it was removed
	Line   int      `json:"line"`
	What   []string `json:"what"` // as in `windows ["main"] → ["*"]`
}

func capabilityChanges(was, now *policy.Policy) []CapabilityChange {
	all := []CapabilityChange{}
	old := make(map[string]policy.Capability)
	for _, k := range was.Capabilities() {
		old[k.ID] = k
	}
	for _, k := range now.Capabilities() {
		o, ok := old[k.ID]
		delete(old, k.ID)
		if !ok {
			all = append(all, CapabilityChange{"added", k.ID, k.File, k.Line, []string{}})
		} else if what := elsewhere(o, k); len(what) > 0 {
			all = append(all, CapabilityChange{"changed", k.ID, k.File, k.Line, what})
		}
	}
	for _, k := range old {
		all = append(all, CapabilityChange{"removed", k.ID, k.File, k.Line, []string{}})
	}
	slices.SortFunc(all, func(a, b CapabilityChange) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Change, b.Change))
	})
	return all
}

// elsewhere says where a capability holds now and held before.
func elsewhere(was, now policy.Capability) []string {
	all := []string{}
	list := func(of []string, unset string) string {
		if of == nil {
			return unset
		}
		return fmt.Sprintf("%q", of)
	}
	for _, f := range []struct {
		name     string
		was, now []string
		unset    string
	}{
		{"windows", was.Windows, now.Windows, "none"},
		{"origins", was.Origins, now.Origins, "none but the app itself"},
		{"platforms", was.Platforms, now.Platforms, "all"},
	} {
		if !reflect.DeepEqual(f.was, f.now) {
			all = append(all, fmt.Sprintf("%s %s → %s", f.name, list(f.was, f.unset), list(f.now, f.unset)))
		}
	}
	if was.Local != now.Local {
		all = append(all, fmt.Sprintf("local %v → %v", was.Local, now.Local))
	}
	if !was.Expires.Equal(now.Expires) {
		all = append(all, fmt.Sprintf("expires %s → %s", instant(was.Expires), instant(now.Expires)))
	}
	return all
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.RFC3339)
}

package policy

import (
	"cmp"
	"slices"
)

// The commands under which the core asks about events: [Input].Event says about which one.
const (
	EmitCommand   = "sallyport:emit"
	ListenCommand = "sallyport:listen"
)

// A Subject is what a rule can be about: a command, or of EmitCommand and ListenCommand one event.
type Subject struct {
	Command string
	Event   string // "" unless Command is one of the two
}

// String is the command's name, with the event's behind it.
func (s Subject) String() string {
	if s.Event == "" {
		return s.Command
	}
	return s.Command + " " + s.Event
}

// Subjects are what rules name in so many words, sorted: commands and, where they name events or the two commands
// about them, each of these commands with each event that is named or in more.
func (p *Policy) Subjects(more ...string) []Subject {
	var all []Subject
	events := p.Events()
	about := len(events) > 0
	for _, name := range p.Commands() {
		if name == EmitCommand || name == ListenCommand {
			about = true
			continue
		}
		all = append(all, Subject{Command: name})
	}
	for _, event := range append(events, more...) {
		if about {
			all = append(all, Subject{EmitCommand, event}, Subject{ListenCommand, event})
		}
	}
	slices.SortFunc(all, func(a, b Subject) int {
		return cmp.Or(cmp.Compare(a.Command, b.Command), cmp.Compare(a.Event, b.Event))
	})
	return slices.Compact(all)
}

// Events are those that rules name in so many words, sorted: a misspelt one among them makes a rule that
// never holds.
func (p *Policy) Events() []string {
	var all []string
	for _, u := range p.units {
		for _, r := range u.rules {
			all = append(all, r.events...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

package policy

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/schema"
)

// Effect is what a decision does to a call. Its zero value denies.
type Effect uint8

const (
	Deny  Effect = iota // the call ends here
	Allow               // the call may run
	Ask                 // the call may run if the user says so
)

// String is the effect in lower case: "deny", "allow" or "ask".
func (e Effect) String() string {
	switch e {
	case Allow:
		return "allow"
	case Ask:
		return "ask"
	}
	return "deny"
}

// Input is one call, as the policy sees it. Everything but Command and Args comes
// from the session, never from the message.
type Input struct {
	Window   string // the window's label
	Origin   string // the page's origin, or its URL, as a browser writes it
	Command  string
	Platform string // a GOOS name; "" is the platform of the Config
	Session  string
	Event    string       // name of an event that is emitted or listened to; "" is undefined
	Target   string       // label of the only window that an event is emitted to; "" is undefined
	Channel  string       // streams that a call asks for: "items", "upload" or "both"; "" is undefined
	Local    bool         // the page is the app itself
	User     schema.Value // what the app knows of the session's user; nil is undefined
	Args     schema.Value // nil is JSON null
	Time     time.Time    // of the call; zero is now
}

// Rule names one rule of a capability file.
type Rule struct {
	Capability string // the name after "package capability."
	File       string // path within the folder that was loaded
	Line       int    // of the rule's head, from 1
	Kind       string // "allow", "deny", "ask", or "within" of the scope that a call is outside of
	Reason     string // of a deny; the question of an ask; else ""
	Remember   string // of an ask that names arguments: see Remembers
}

// Decision is the answer to one call. Its zero value denies.
type Decision struct {
	Effect Effect
	// Reason is for the developer, never for the page: it may quote arguments
	// if a rule does. Control characters in it are replaced, its length is bounded.
	Reason string
	// Rules are all that held of the kind that decided, in the order of file and
	// line; none where nothing allowed. For a call outside the scope of its command they
	// are those that make up the scope. Shared between decisions: read only.
	Rules []Rule
	// Revision is that of the policy which decided.
	Revision string
	// Scope is for the handler of an allowed call. The arguments play no part in it.
	Scope Scope
}

// Config says how a folder is loaded. The zero value knows no variables.
type Config struct {
	// Variables are the directories that scopes may begin with, by name with its dollar
	// sign: "$HOME", "$APPDATA". Each is an absolute path of the platform.
	Variables map[string]string
	// Platform is a GOOS name. It decides how paths are compared and is what
	// calls that name none run on. "" is runtime.GOOS.
	Platform string
	// Alarm is told when something is wrong that Decide can only answer with a denial or by becoming
	// slow: see [Policy.Distrusted]. It is called at most once for each revision, from any goroutine, and
	// the error holds nothing that a page sent. Nil tells nobody.
	Alarm func(error)
}

// Policy is a compiled folder of capabilities. It never changes and is safe for
// concurrent use.
type Policy struct {
	*environment
	revision    string
	units       []*unit // by ID
	permissions []Permission
	expires     bool // some capability does
	byCommand   map[string][]*rule
	anyCommand  []*rule             // rules whose commands their text doesn't name
	operands    map[string][]string // of all units

	distrusted   atomic.Bool // what was prepared has been found wrong
	hot          *hot
	named, other *cache
	frames       sync.Pool // of frames that no call is evaluated in
	interpreted  bool      // conditions are evaluated by topdown alone
	nothing      *entry    // of a command that no rule can be about
}

// Capability describes where one capability holds.
type Capability struct {
	ID          string // the name after "package capability."
	Title       string
	Description string
	File        string
	Line        int // of custom.windows
	Windows     []string
	Origins     []string  // nil if the file names none; of exact ones default ports are left out
	Local       bool      // holds for the app itself
	Platforms   []string  // nil is every platform
	Expires     time.Time // zero is never

	sites    []site         // as Origins
	lines    map[string]int // of the keys below custom
	remember map[int]string // by the line of an ask: see Rule.Remembers
}

// Wide says whether an entry of Origins leaves the scheme or the host open, so that the capability
// holds for pages of anybody.
func (c *Capability) Wide() bool {
	return slices.ContainsFunc(c.sites, func(s site) bool { return s.pattern != nil && s.pattern.wide })
}

// Permission is a permission or a set that a file below permissions/ writes out.
type Permission struct {
	ID   string // with its namespace, as a capability names it
	File string
	Line int  // where it begins, from 1
	Set  bool // it is a set, or a [default]
	Used bool // a capability names it, or a set that a capability leads to
}

// Revision identifies what was loaded: equal files, variables and platform, equal revision.
func (p *Policy) Revision() string { return p.revision }

// Commands are those that rules name in so many words, sorted: a misspelt one among them makes
// a rule that never holds.
func (p *Policy) Commands() []string { return slices.Sorted(maps.Keys(p.byCommand)) }

// Capabilities lists what was loaded in the order of their names. The caller may keep it.
func (p *Policy) Capabilities() []Capability {
	all := make([]Capability, len(p.units))
	for i, c := range p.units {
		all[i] = *c.Capability
		all[i].Windows, all[i].Origins, all[i].Platforms = slices.Clone(c.Windows), slices.Clone(c.Origins), slices.Clone(c.Platforms)
	}
	return all
}

// Permissions lists what files below permissions/ write out, in the order of file and line. The
// caller may keep it.
func (p *Policy) Permissions() []Permission { return slices.Clone(p.permissions) }

// Rules lists all rules that decide, in the order of file and line. Reasons are empty: they are
// known only of a rule that held. The caller may keep it.
func (p *Policy) Rules() []Rule {
	var all []Rule
	for _, u := range p.units {
		for _, r := range u.rules {
			all = append(all, r.Rule)
		}
	}
	slices.SortFunc(all, compareRules)
	return all
}

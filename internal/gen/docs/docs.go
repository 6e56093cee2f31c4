// Package docs writes a reference of an app's commands and events in Markdown:
// what each takes and returns, who may call it, and an example that its schema
// accepts.
package docs

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/internal/gen/example"
	"github.com/sallyport/sallyport/schema"
)

// A Reference is all that is said of an app. It marshals to JSON.
type Reference struct {
	App      string    `json:"app,omitempty"`
	Schemas  string    `json:"schemas"`          // their revision
	Policy   string    `json:"policy,omitempty"` // its revision; "" if no capabilities were read
	Commands []Command `json:"commands"`
	Events   []Event   `json:"events"`
}

// A Command is what pages can ask for.
type Command struct {
	Name    string   `json:"name"`
	Call    string   `json:"call,omitempty"` // the line of TypeScript, with Input's example
	Input   *Shape   `json:"input,omitempty"`
	Output  *Shape   `json:"output,omitempty"`  // left out: it returns null
	Channel *Shape   `json:"channel,omitempty"` // an item that it streams
	Upload  *Shape   `json:"upload,omitempty"`  // an item that the page streams
	Limits  []string `json:"limits,omitempty"`  // of this command alone, in words
	Access  []Access `json:"access,omitempty"`  // left out: nobody may call it, or no policy was read
}

// An Event is what the app tells pages.
type Event struct {
	Name    string `json:"name"`
	Payload *Shape `json:"payload"`
}

// A Shape is what one schema says.
type Shape struct {
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	Deprecated  bool            `json:"deprecated,omitempty"`
	Rows        []Row           `json:"rows"`
	Closed      bool            `json:"closed,omitempty"` // an object without other members than those
	Cut         bool            `json:"cut,omitempty"`    // there are more rows than a reader wants
	Example     json.RawMessage `json:"example,omitempty"`
	File        string          `json:"file"`   // its base name
	Origin      string          `json:"origin"` // the file, or the Go type that it was made of
}

// Access is what pages of one window and origin may do.
type Access struct {
	Window    string   `json:"window"`              // a label, or a glob of them
	Origin    string   `json:"origin,omitempty"`    // of remote pages; left out: the app's own
	Platforms []string `json:"platforms,omitempty"` // left out: all
	Effect    string   `json:"effect"`              // "allow" or "ask": the most that a call can get
	Depends   bool     `json:"depends,omitempty"`   // some calls get less
	Rules     []Rule   `json:"rules"`
	Limits    []string `json:"limits,omitempty"` // of the policy, in words
}

// A Rule is a line of a capability file.
type Rule struct {
	Kind       string `json:"kind"`
	Capability string `json:"capability"`
	File       string `json:"file"` // from the folder that was asked about
	Line       int    `json:"line"`
	Until      string `json:"until,omitempty"` // when its capability expires
	Link       string `json:"-"`               // from the document; "" is none
}

// Build describes a contract. Access and the limits of commands are the
// caller's to add.
func Build(c *contract.Contract) *Reference {
	r := &Reference{App: c.Name, Schemas: c.Set.Revision(), Commands: []Command{}, Events: []Event{}}
	names := c.Commands
	if names == nil {
		names = c.Set.Names(schema.Input)
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		command := Command{
			Name:  name,
			Input: shapeOf(c, schema.Input, name), Output: shapeOf(c, schema.Output, name),
			Channel: shapeOf(c, schema.Channel, name), Upload: shapeOf(c, schema.Upload, name),
		}
		if command.Input != nil {
			command.Call = call(c.Set, name, command.Input.Example)
			if !command.Output.null() {
				command.Call = "const result = " + command.Call
			}
		}
		r.Commands = append(r.Commands, command)
	}
	for _, name := range c.Set.Names(schema.Event) {
		r.Events = append(r.Events, Event{name, shapeOf(c, schema.Event, name)})
	}
	return r
}

// shapeOf is nil where there is no schema.
func shapeOf(c *contract.Contract, side schema.Side, name string) *Shape {
	doc := c.Set.Schema(side, name)
	if doc == nil {
		return nil
	}
	s := tabulate(doc)
	if text, ok := example.Of(c.Set, side, name); ok {
		s.Example = pretty(text)
	}
	s.File = side.FileName(name)
	s.Origin = c.Origins[s.File]
	return s
}

// call is how a page calls a command through the generated client. Arguments
// that may be {} or null are left out where the example is that.
func call(set *schema.Set, name string, args json.RawMessage) string {
	path := "commands"
	for part := range strings.SplitSeq(name, ".") {
		if identifier(part) {
			path += "." + part
		} else {
			path += `["` + part + `"]` // a command's name has no quotes
		}
	}
	text := inTypeScript(args)
	if text == "" {
		text = "args" // no example is known, which doesn't mean that there are none
	}
	if left := leftOut(set, name); left != "" && left == text {
		text = ""
	}
	return "await " + path + "(" + text + ");"
}

// leftOut is what the generated client sends where no arguments are given.
func leftOut(set *schema.Set, name string) string {
	for _, text := range []string{"{}", "null"} {
		v, err := schema.Parse([]byte(text), schema.Limits{})
		if err == nil && set.ValidateInput(name, v) == nil {
			return text
		}
	}
	return ""
}

func identifier(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && s != "__proto__"
}

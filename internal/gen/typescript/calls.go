package typescript

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// commands is the object that calls the commands. One that streams has no function
// of its own: called without its streams it would be refused.
func (g *generator) commands() tree {
	return tree{
		call: func(command string, indent int) string {
			if g.streams(command) != "" {
				return ""
			}
			return "(" + g.parameter("args", schema.Input, command) + ", options?: InvokeOptions): Promise<" + g.result(command) + "> =>\n" +
				tab(indent+1) + "invoke(" + quote(command) + ", args, options)"
		},
		members: func(command string) []function {
			which := g.streams(command)
			if which == "" {
				return nil
			}
			doc := proseOf(g.roots[schemaKey{schema.Input, command}].root)
			if doc != nil {
				doc = append(doc, "")
			}
			return []function{{"stream", append(doc, streamDocs[which]), func(indent int) string {
				return "(" + g.parameter("args", schema.Input, command) + ", options?: InvokeOptions): " + g.streamType(command, which) + " =>\n" +
					tab(indent+1) + "stream(" + quote(command) + ", args, { ...options, channel: " + quote(which) + " })"
			}}}
		},
		about: func(command string) []string {
			if g.streams(command) != "" {
				return nil // is said of its function
			}
			return proseOf(g.roots[schemaKey{schema.Input, command}].root)
		},
	}
}

var streamDocs = map[string]string{
	"items":  "Calls it; its items come in readable.",
	"upload": "Calls it; its upload goes into writable.",
	"both":   "Calls it; its items come in readable, and its upload goes into writable.",
}

// streams says which streams go with a command, as a page has to: "" if none.
func (g *generator) streams(command string) string {
	items, upload := g.roots[schemaKey{schema.Channel, command}] != nil, g.roots[schemaKey{schema.Upload, command}] != nil
	switch {
	case items && upload:
		return "both"
	case items:
		return "items"
	case upload:
		return "upload"
	}
	return ""
}

func (g *generator) streamType(command, which string) string {
	side := func(side schema.Side) string {
		if t := g.typeNameOf(side, command); t != "" {
			return t
		}
		return "never"
	}
	return "StreamCall<" + quote(which) + ", " + g.result(command) + ", " + side(schema.Channel) + ", " + side(schema.Upload) + ">"
}

// events is the object of the events.
func (g *generator) events() tree {
	return tree{
		call: func(string, int) string { return "" },
		members: func(event string) []function {
			t, name := g.typeNameOf(schema.Event, event), quote(event)
			hear := func(function string) func(int) string {
				return func(indent int) string {
					return "(run: (event: ReceivedEvent<" + t + ">) => void, options?: ListenOptions): Promise<() => void> =>\n" +
						tab(indent+1) + function + "(" + name + ", run, options)"
				}
			}
			payload := g.parameter("payload", schema.Event, event)
			return []function{
				{"listen", []string{"Listens, until the function is called that it resolves to."}, hear("listen")},
				{"once", []string{"Listens until it has come once."}, hear("once")},
				{"emit", []string{"Emits it to the core and to all windows that listen."}, func(int) string {
					return "(" + payload + "): Promise<void> => emit(" + name + ", payload)"
				}},
				{"emitTo", []string{"Emits it to one window."}, func(int) string {
					return "(window: string, " + payload + "): Promise<void> => emitTo(window, " + name + ", payload)"
				}},
			}
		},
		about: func(event string) []string { return proseOf(g.roots[schemaKey{schema.Event, event}].root) },
	}
}

// parameter is that of a function for what some schema takes. Left out, it is {},
// or null if that alone will do.
func (g *generator) parameter(called string, side schema.Side, name string) string {
	parameter := called + ": " + g.typeNameOf(side, name)
	switch {
	case g.takes(side, name, "{}"):
		parameter += " = {}"
	case g.takes(side, name, "null"):
		parameter += " = null"
	}
	return parameter
}

func (g *generator) takes(side schema.Side, name, json string) bool {
	v, err := schema.Parse([]byte(json), schema.DefaultLimits())
	return err == nil && g.set.Validate(side, name, v) == nil
}

// objects are those of the commands and of the events.
func (g *generator) objects(client *Client) string {
	commands, events := plant(client.Commands), plant(client.Events)
	var text string
	if g.commands().needsBoth(commands) {
		text = joining
	}
	text += "/** The app's commands, by name. What fails rejects with a SallyportError. */\n" +
		"export const commands = " + g.commands().object(commands, 0) + " as const;\n"
	if len(client.Events) > 0 {
		text += "\n/** The app's events, by name. */\nexport const events = " + g.events().object(events, 0) + " as const;\n"
	}
	return text
}

// imports are what the file needs of the module that has the calls.
func (g *generator) imports(client *Client) string {
	var types, values []string
	need := func(used bool, names ...string) {
		for _, name := range names {
			switch {
			case !used:
			case name[0] < 'a':
				types = append(types, "type "+name)
			default:
				values = append(values, name)
			}
		}
	}
	calls := slices.ContainsFunc(client.Commands, func(name string) bool { return g.streams(name) == "" })
	streams := slices.ContainsFunc(client.Commands, func(name string) bool { return g.streams(name) != "" })
	hears := len(client.Events) > 0
	need(calls || streams, "InvokeOptions")
	need(hears, "ListenOptions", "ReceivedEvent", "emit", "emitTo")
	need(streams, "StreamCall", "stream")
	need(calls, "invoke")
	need(hears, "listen", "once")
	if types == nil {
		return ""
	}
	slices.Sort(values)
	return "import { " + strings.Join(append(types, values...), ", ") + " } from \"@sallyport/api\";\n"
}

package core

import (
	"context"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/policy"
)

// nearest is what came nearest to allowing a denied call, for the record: the
// rule, the condition that failed, and of what that looked at the type and size.
// Nil where nothing did, or the policy was asked in vain.
func (c *call) nearest(d policy.Decision, in policy.Input) *audits.Nearest {
	switch {
	case c.command == nil || c.rules.loaded == nil:
		return nil
	case c.hidden:
		// Worked out beforehand: a page can't tell by the time it takes which hidden commands there are.
		return c.session.window.hiddenBy(c.rules, c.command)
	}
	n, err := c.rules.loaded.Nearest(&c.context, in, d)
	if err != nil {
		return nil
	}
	return recordNearest(n)
}

// A missed names a window and a command that it may not call at all.
type missed struct{ window, command string }

func (w *window) hiddenBy(rules *ruleset, c *command) *audits.Nearest {
	return rules.missed[missed{w.label, c.key()}]
}

// foresee has the policy prepare for a window and a command, and works out what
// comes nearest to allowing one that is hidden.
func (app *App) foresee(rules *ruleset, w *window, c *command, now time.Time) {
	if hidden := app.hides(context.Background(), rules, w, c, now); !hidden || rules.loaded == nil {
		return
	}
	in := app.outline(w, c, now)
	d, err := rules.loaded.Decide(context.Background(), in)
	if err != nil {
		return
	}
	if n, err := rules.loaded.Nearest(context.Background(), in, d); err == nil && n != nil {
		if n.Elsewhere != "" {
			n.Condition = nil // there are no arguments yet that it could have looked at
		}
		rules.missed[missed{w.label, c.key()}] = recordNearest(n)
	}
}

// recordNearest leaves out what a record has no room for: values, and the edit,
// which may quote them.
func recordNearest(n *policy.Nearest) *audits.Nearest {
	if n == nil {
		return nil
	}
	out := &audits.Nearest{
		Rule:      audits.Rule{Capability: n.Rule.Capability, File: n.Rule.File, Line: n.Rule.Line},
		Elsewhere: n.Elsewhere,
	}
	if n.Condition == nil {
		return out
	}
	out.Condition, out.ConditionLine = n.Condition.Text, n.Condition.Line
	for _, s := range n.Condition.Saw {
		out.Saw = append(out.Saw, audits.Saw{Path: s.Path, Type: jsonType(s.Value), Size: len(s.Value)})
	}
	return out
}

// jsonType names the type of a JSON text by its first byte.
func jsonType(text []byte) string {
	if len(text) == 0 {
		return "nothing"
	}
	switch text[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// attr is where the nearest rule failed, for the log.
func attr(n *audits.Nearest) string {
	line := n.ConditionLine
	if line == 0 {
		line = n.Line
	}
	return n.File + ":" + strconv.Itoa(line)
}

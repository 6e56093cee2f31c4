package core

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// What of a call is shown. The answer is about all of it, seen or not, so what
// is left out is said.
const (
	maxAsks       = 6    // more are not asked at all
	maxAsk        = 320  // columns of one of them
	maxShownArgs  = 1500 // columns of all arguments
	minShownLine  = 60   // columns that any line of them counts for
	maxShownText  = 180  // columns of an argument that is a text
	maxInnerText  = 60   // columns of a text within a list or an object
	maxShownValue = 240  // bytes of a list or an object, a little more
)

// question renders what the rules ask about a call.
func (c *call) question(args schema.Value, rules []policy.Rule, answers []Answer) Question {
	q := Question{
		App:     c.session.app.name,
		Window:  c.session.window.label,
		Origin:  c.session.window.origin,
		Command: c.command.name,
		Event:   c.command.event,
		Target:  escaped(c.target, maxInnerText),
		Args:    renderArgs(args, c.session.app.schemas.InputMembers(c.command.name)),
		Answers: answers,
	}
	for _, r := range rules {
		q.Asks = append(q.Asks, escaped(r.Reason, maxAsk))
		q.Rules = append(q.Rules, escaped(r.File, maxAsk)+":"+strconv.Itoa(r.Line))
	}
	return q
}

// renderArgs writes each argument on a line of its own: those that the schema
// describes first, so that others can't push them out of sight.
func renderArgs(args schema.Value, known []string) []string {
	if args.Kind() != schema.Object {
		return []string{"all arguments: " + renderValue(args)}
	}
	if args.Len() == 0 {
		return []string{"no arguments"}
	}
	var names, others []string
	for _, name := range known {
		if _, ok := args.Field(name); ok {
			names = append(names, name)
		}
	}
	for name := range args.Fields() {
		if _, found := slices.BinarySearch(known, name); !found {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	names = append(names, others...)
	var lines []string
	left := maxShownArgs
	for i, name := range names {
		if left <= 0 {
			lines = append(lines, fmt.Sprintf("and %d more arguments that are not shown", len(names)-i))
			break
		}
		value, _ := args.Field(name)
		line := renderName(name) + ": " + renderValue(value)
		lines, left = append(lines, line), left-max(columnsOf(line), minShownLine)
	}
	return lines
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,39}$`)

// renderName is a member's name. One that is no plain word stands in quotes.
func renderName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return quotedText(name, maxInnerText)
}

func renderValue(v schema.Value) string {
	if v.Kind() == schema.String {
		return quotedText(v.Text(), maxShownText)
	}
	var s strings.Builder
	if left := render(&s, v); left {
		fmt.Fprintf(&s, " … (%d bytes of JSON in all)", len(v.AppendJSON(nil)))
	}
	return s.String()
}

// render writes a value as JSON would, and reports whether it left some out.
func render(s *strings.Builder, v schema.Value) (left bool) {
	if data, media, ok := v.Bytes(); ok {
		fmt.Fprintf(s, "%d bytes of %s", len(data), media)
		return false
	}
	switch v.Kind() {
	case schema.String:
		s.WriteString(quotedText(v.Text(), maxInnerText))
	case schema.Number:
		s.WriteString(escaped(string(v.Number()), maxInnerText))
	case schema.Array:
		s.WriteString("[")
		for i := range v.Len() {
			if left = separate(s, i) || render(s, v.Index(i)); left {
				return true
			}
		}
		s.WriteString("]")
	case schema.Object:
		s.WriteString("{")
		i := 0
		for name, value := range v.Fields() {
			if separate(s, i) {
				return true
			}
			s.WriteString(renderName(name) + ": ")
			if render(s, value) {
				return true
			}
			i++
		}
		s.WriteString("}")
	default:
		s.Write(v.AppendJSON(nil)) // null, true or false
	}
	return false
}

// separate begins the i-th part of a list, or reports that there is no room for it.
func separate(s *strings.Builder, i int) (full bool) {
	if s.Len() > maxShownValue {
		return true
	}
	if i > 0 {
		s.WriteString(", ")
	}
	return false
}

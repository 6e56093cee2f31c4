package policytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// fixture is one call and what is expected of it.
type fixture struct {
	name, file string
	line       int
	input      policy.Input
	expect     expectation
}

// expectation is what a decision must be. Zero fields are not compared.
type expectation struct {
	effect     string // never empty; undecided is one
	capability string
	line       int
	reason     string
	limits     *policy.Limits
}

// undecided is expected of a call that ends in an error.
const undecided = "error"

// defaultTime is a fixture's that names none.
func defaultTime() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// parseFixtures reads a file of fixtures strictly.
func (s *suite) parseFixtures(file, text string) ([]fixture, error) {
	at := func(line int, format string, a ...any) error {
		return &policy.FileError{File: file, Line: max(line, 1), Err: fmt.Errorf(format, a...)}
	}
	var doc, more yaml.Node
	d := yaml.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		line, problem := yamlFault(err)
		return nil, at(line, "not YAML: %s", problem)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, at(more.Line, "more than one YAML document: a file of fixtures is one list of calls")
	}
	list := doc.Content[0]
	if list.Kind != yaml.SequenceNode {
		return nil, at(list.Line, "a list of calls was expected, each with name, window, command and expect")
	}
	var all []fixture
	names := make(map[string]int)
	for _, n := range list.Content {
		f, err := s.parseFixture(n)
		if err != nil {
			line := n.Line
			if e, ok := errors.AsType[*nodeError](err); ok {
				line, err = e.line, e.err
			}
			return nil, at(line, "%w", err)
		}
		if first, ok := names[f.name]; ok {
			return nil, at(n.Line, "the name %q is given already, in line %d", f.name, first)
		}
		names[f.name] = n.Line
		f.file, f.line = file, n.Line
		all = append(all, f)
	}
	return all, nil
}

// nodeError is an error at a line of a file.
type nodeError struct {
	line int
	err  error
}

func (e *nodeError) Error() string { return e.err.Error() }

func wrong(n *yaml.Node, format string, a ...any) error {
	return &nodeError{n.Line, fmt.Errorf(format, a...)}
}

// yamlFault takes the line out of an error of the YAML package.
func yamlFault(err error) (line int, problem string) {
	problem = strings.TrimPrefix(err.Error(), "yaml: ")
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(problem); m != nil {
		line, _ = strconv.Atoi(m[1])
		problem = problem[len(m[0]):]
	}
	return line, problem
}

// members yields the fields of a mapping, each once.
func members(n *yaml.Node, what string, known []string, yield func(name string, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return wrong(n, "%s must be a mapping of %s", what, strings.Join(known, ", "))
	}
	seen := make(map[string]bool)
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(known, key.Value):
			return wrong(key, "unknown field %q of %s: expected %s", key.Value, what, strings.Join(known, ", "))
		case seen[key.Value]:
			return wrong(key, "%s is given twice", key.Value)
		}
		seen[key.Value] = true
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		if err := yield(key.Value, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *suite) parseFixture(n *yaml.Node) (fixture, error) {
	f := fixture{input: policy.Input{Platform: s.platform, Time: defaultTime()}}
	var args, user *yaml.Node
	known := []string{"name", "window", "origin", "command", "args", "session", "event", "target", "channel", "user", "time", "platform", "expect"}
	err := members(n, "a call", known, func(name string, v *yaml.Node) (err error) {
		texts := map[string]*string{
			"name": &f.name, "window": &f.input.Window, "origin": &f.input.Origin, "command": &f.input.Command,
			"session": &f.input.Session, "event": &f.input.Event, "target": &f.input.Target, "channel": &f.input.Channel, "platform": &f.input.Platform,
		}
		switch name {
		case "args":
			args = v
		case "user":
			user = v
		case "time":
			if f.input.Time, err = time.Parse(time.RFC3339, v.Value); err != nil {
				err = wrong(v, "time must be in RFC 3339, such as 2026-01-31T12:00:00Z, not %q", v.Value)
			}
		case "expect":
			f.expect, err = parseExpectation(v)
		default:
			if v.Kind != yaml.ScalarNode || v.Tag != "!!str" || v.Value == "" {
				return wrong(v, "%s must be text that is not empty", name)
			}
			*texts[name] = v.Value
		}
		return err
	})
	if err != nil {
		return f, err
	}
	for _, field := range []struct{ name, value string }{
		{"name", f.name}, {"window", f.input.Window}, {"command", f.input.Command}, {"expect", f.expect.effect},
	} {
		if field.value == "" {
			return f, wrong(n, "the call has no %s", field.name)
		}
	}
	f.input.Local = f.input.Origin == ""
	if f.input.Args, err = s.value(args, f.input.Platform); err != nil || user == nil {
		return f, err
	}
	f.input.User, err = s.value(user, f.input.Platform)
	return f, err
}

func parseExpectation(n *yaml.Node) (x expectation, err error) {
	if n.Kind == yaml.ScalarNode {
		x.effect = n.Value
	} else {
		err = members(n, "expect", []string{"effect", "capability", "line", "reason", "limits"}, func(name string, v *yaml.Node) (err error) {
			if name == "limits" {
				x.limits, err = parseLimits(v)
				return err
			}
			if v.Kind != yaml.ScalarNode || v.Value == "" {
				return wrong(v, "%s must be one value that is not empty", name)
			}
			switch name {
			case "effect":
				x.effect = v.Value
			case "capability":
				x.capability = v.Value
			case "reason":
				x.reason = v.Value
			case "line":
				if v.Decode(&x.line) != nil || x.line < 1 {
					return wrong(v, "line must be a line number")
				}
			}
			return nil
		})
	}
	effects := []string{policy.Allow.String(), policy.Deny.String(), policy.Ask.String(), undecided}
	if err == nil && !slices.Contains(effects, x.effect) {
		err = wrong(n, "expect must be or have an effect: one of %s, not %q", strings.Join(effects, ", "), x.effect)
	}
	return x, err
}

// parseLimits reads all numbers that limit rules set together: what is left out is not limited.
func parseLimits(n *yaml.Node) (*policy.Limits, error) {
	var l policy.Limits
	fields := map[string]any{
		"calls_per_second": &l.CallsPerSecond, "burst": &l.Burst, "concurrency": &l.Concurrency,
		"bytes": &l.Bytes, "bytes_per_second": &l.BytesPerSecond,
	}
	return &l, members(n, "limits", slices.Sorted(maps.Keys(fields)), func(name string, v *yaml.Node) error {
		if v.Decode(fields[name]) != nil {
			return wrong(v, "%s must be a number", name)
		}
		return nil
	})
}

// value makes of YAML what the core makes of a page's JSON.
func (s *suite) value(n *yaml.Node, platform string) (schema.Value, error) {
	if n == nil {
		return schema.Parse([]byte("{}"), schema.DefaultLimits())
	}
	var b bytes.Buffer
	if err := s.json(&b, n, s.directories(platform)); err != nil {
		return nil, err
	}
	v, err := schema.Parse(b.Bytes(), schema.DefaultLimits())
	if err != nil {
		return nil, wrong(n, "%w", err)
	}
	return v, nil
}

// jsonNumber is a number that YAML and JSON write alike.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// json writes a YAML value as JSON. Numbers keep their text: through a float64 large ones would differ.
func (s *suite) json(b *bytes.Buffer, n *yaml.Node, directories map[string]string) error {
	switch n.Kind {
	case yaml.AliasNode:
		return s.json(b, n.Alias, directories)
	case yaml.SequenceNode:
		for i, v := range n.Content {
			b.WriteString(map[bool]string{true: "[", false: ","}[i == 0])
			if err := s.json(b, v, directories); err != nil {
				return err
			}
		}
		b.WriteString(map[bool]string{true: "[]", false: "]"}[len(n.Content) == 0])
		return nil
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				return wrong(key, "names of arguments are texts")
			}
			if i > 0 {
				b.WriteByte(',')
			}
			writeText(b, key.Value)
			b.WriteByte(':')
			if err := s.json(b, n.Content[i+1], directories); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	}
	switch {
	case n.Tag == "!!null":
		b.WriteString("null")
	case n.Tag == "!!bool":
		var v bool
		if err := n.Decode(&v); err != nil {
			return wrong(n, "%w", err)
		}
		fmt.Fprint(b, v)
	case n.Tag == "!!int" || n.Tag == "!!float":
		if !jsonNumber.MatchString(n.Value) {
			return wrong(n, "%s is not how JSON writes a number: put text in quotes", n.Value)
		}
		b.WriteString(n.Value)
	default:
		text, err := expand(n.Value, directories)
		if err != nil {
			return wrong(n, "%w", err)
		}
		writeText(b, text)
	}
	return nil
}

func writeText(b *bytes.Buffer, text string) {
	quoted, _ := json.Marshal(text) // of text there is no error
	b.Write(quoted)
}

// expand puts directories in place of ${NAME}.
func expand(text string, directories map[string]string) (string, error) {
	var err error
	expanded := regexp.MustCompile(`\$?\$\{[^}]*\}?`).ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		name := "$" + strings.TrimSuffix(found[2:], "}")
		directory, ok := directories[name]
		if !ok && err == nil {
			known := strings.Join(slices.Sorted(maps.Keys(directories)), " ")
			err = fmt.Errorf("unknown variable in %s: there are %s; write $${ for ${ itself", found, known)
		}
		return directory
	})
	return expanded, err
}

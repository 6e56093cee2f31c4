package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/schema"
)

// Tag is the build tag under which an app describes itself instead of starting.
const Tag = "sallyport_describe"

// describeWithin is how long an app may take to come to Run or Start. Building
// it takes as long as it takes.
const describeWithin = 30 * time.Second

// maxDescription is far more than the schemas of any app, in bytes.
const maxDescription = 64 << 20

// readApp builds an app, runs it, and joins what it says of itself.
func (c *Contract) readApp(ctx context.Context, app string) error {
	text, err := describe(ctx, app)
	if err != nil {
		return err
	}
	said, err := readDescription(text)
	if err != nil {
		return fmt.Errorf("contract: what %s says of itself: %w", app, err)
	}
	return c.join(said, app)
}

// join adds what an app says to what its folder has said.
func (c *Contract) join(said *description, app string) (err error) {
	var more []schema.Source
	for _, s := range said.Schemas {
		base := s.side.FileName(s.Name)
		file := c.Set.Source(s.side, s.Name)
		switch {
		case file == nil:
			more = append(more, schema.Source{Side: s.side, Name: s.Name, Origin: s.Origin, Text: []byte(s.Source)})
			c.Origins[base] = s.Origin
		case !bytes.Equal(file, []byte(s.Source)):
			return fmt.Errorf("contract: %s is not the schema that %s has (%s); is this folder the one that the app is built with?",
				c.Origins[base], app, s.Origin)
		}
	}
	if c.Dir != "" {
		for _, base := range slices.Sorted(maps.Keys(c.Origins)) {
			origin := c.Origins[base]
			if !slices.ContainsFunc(said.Schemas, func(s described) bool { return s.side.FileName(s.Name) == base }) {
				return fmt.Errorf("contract: %s is in the folder, and %s has no such schema; is this folder the one that the app is built with?", origin, app)
			}
		}
	}
	if c.Set, err = c.Set.WithSources(more...); err != nil {
		return fmt.Errorf("contract: what %s says of itself: %w", app, err)
	}
	c.Name, c.Commands = said.App, slices.Clone(said.Commands)
	return nil
}

// describe returns the last line that the app prints: what came before is its
// own.
func describe(ctx context.Context, app string) (line []byte, err error) {
	folder, err := os.MkdirTemp("", "sallyport-describe-")
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	name, err := run(ctx, "go", "list", "-f", "{{.Name}}", "-tags", Tag, "--", app)
	switch {
	case err != nil:
		return nil, fmt.Errorf("contract: %s can't be built: %w", app, err)
	case strings.TrimSpace(string(name)) != "main":
		return nil, fmt.Errorf("contract: %s is no program (%s); name the main package that registers the app's commands", app, strings.Join(strings.Fields(string(name)), ", "))
	}
	program := filepath.Join(folder, "app.exe") // Windows needs the ending, nobody else minds
	if _, err := run(ctx, "go", "build", "-tags", Tag, "-o", program, "--", app); err != nil {
		return nil, fmt.Errorf("contract: %s can't be built: %w", app, err)
	}
	limited, cancel := context.WithTimeout(ctx, describeWithin)
	defer cancel()
	out, err := run(limited, program)
	switch {
	case ctx.Err() == nil && limited.Err() != nil:
		return nil, fmt.Errorf("contract: %s, built with -tags %s, did not come to core's Run or Start within %v", app, Tag, describeWithin)
	case err != nil:
		return nil, fmt.Errorf("contract: %s does not start: %w", app, err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte{'\n'})
	line = lines[len(lines)-1]
	if !bytes.HasPrefix(line, []byte(`{"sallyport_describe":`)) {
		return nil, fmt.Errorf("contract: %s, built with -tags %s, ended without describing itself; it must come to core's Run or Start", app, Tag)
	}
	return line, nil
}

// run returns what a program prints. Its error is the end of what it complains
// of, without the stacks of a panic: what is wrong stands before them.
func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr, c.WaitDelay = &stdout, &stderr, time.Second
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		said, _, _ := strings.Cut(stderr.String(), "\n\ngoroutine ")
		if said = strings.TrimSpace(said); said != "" {
			return nil, errors.New(said[max(0, len(said)-4096):])
		}
		return nil, err
	}
	if stdout.Len() > maxDescription {
		return nil, fmt.Errorf("it printed %d bytes; at most %d were expected", stdout.Len(), maxDescription)
	}
	return stdout.Bytes(), nil
}

// A description is the JSON object that an app prints of itself.
type description struct {
	Version  int         `json:"sallyport_describe"`
	App      string      `json:"app"`
	Commands []string    `json:"commands"`
	Schemas  []described `json:"schemas"`
}

type described struct {
	Side   string `json:"side"`
	Name   string `json:"name"`
	Type   string `json:"type"`   // the Go type on that side; "" if none is known
	Origin string `json:"origin"` // a file of the app, or what made it of which Go type
	Source string `json:"source"`

	side schema.Side
}

// descriptionVersion is the version of the form that is read here.
const descriptionVersion = 1

func readDescription(text []byte) (*description, error) {
	v, err := schema.Parse(text, schema.Limits{Size: maxDescription, Keys: 1 << 16})
	if err != nil {
		return nil, err
	}
	d := &description{}
	if err := schema.Decode(v, d); err != nil {
		return nil, err
	}
	if d.Version != descriptionVersion {
		return nil, fmt.Errorf("it is of version %d; want %d, from a sallyport of the same version as the app's", d.Version, descriptionVersion)
	}
	sides := map[string]schema.Side{}
	for _, side := range schema.Sides() {
		sides[side.String()] = side
	}
	for i := range d.Schemas {
		s := &d.Schemas[i]
		if s.side = sides[s.Side]; s.side == 0 {
			return nil, fmt.Errorf("side %q isn't known; want one of %s", s.Side, strings.Join(slices.Sorted(maps.Keys(sides)), ", "))
		}
	}
	slices.Sort(d.Commands)
	return d, nil
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/schema"
)

// A validation is what `sallyport schema validate --json` prints.
type validation struct {
	Accepted bool `json:"accepted"`
	*mismatch
	Name     string `json:"name"` // of the command or the event
	Side     string `json:"side"`
	Schema   string `json:"schema,omitempty"` // where it comes from; left out where there is none and null is wanted
	Document string `json:"document"`
}

// A mismatch is why a document is refused. The first three are what an app logs for it.
type mismatch struct {
	Pointer  string `json:"pointer"` // "*" for each name that the schema does not mention
	Keyword  string `json:"keyword"` // of the schema, keywordSyntax or keywordLimits
	Expected string `json:"expected"`
	Problem  string `json:"problem,omitempty"` // of the syntax, or of the judge
	At       string `json:"at"`                // the pointer with the document's own names
	Offset   int    `json:"offset"`            // in bytes
	Line     int    `json:"line"`
	Column   int    `json:"column"` // in bytes, from 1
}

// What stands where no keyword refused a document, as in the app's log.
const (
	keywordSyntax = "syntax" // the parser did
	keywordLimits = "limits" // it is too large
)

// validateFlags say which document is asked about. Each flag of a side holds its file.
type validateFlags struct {
	app, command, event            string
	input, output, channel, upload string
	json                           bool
}

func newSchemaValidateCommand() *cobra.Command {
	var flags validateFlags
	c := &cobra.Command{
		Use:   "validate DIR {--command|--event} NAME --SIDE FILE",
		Short: "Say whether a schema accepts a document, and where it does not",
		Long: `Validate reads FILE as the core reads a message, strictly and within the default
limits or those that the app's sallyport.json sets for the command, and judges
it by the schema of the command's side or of the event. FILE may be - for
standard input. A command with an input schema and none for its output returns
null.

A refusal says which value, the keyword that refused it, and what was expected,
in the words of the app's log, and where the value stands in FILE.

It exits with 0 when the document is accepted, 1 when it is refused (also for
its syntax: a name twice in one object, a byte order mark, a lone surrogate),
and 2 when that schema or any other in DIR can't be used, there is no such
schema, or FILE can't be read.`,
		Example: `  sallyport schema validate ./schemas --command notes.save --input args.json
  echo '{"path":"a.md"}' |
      sallyport schema validate . --command notes.delete --input - --json
  sallyport schema validate . --command notes.list --output result.json
  sallyport schema validate . --event notes.changed --input payload.json`,
		Args: cobra.MatchAll(atMost(1), func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("which folder of schemas? see %s --help", c.CommandPath())
			}
			return flags.check(c)
		}),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := flags.validate(c, args[0])
			if err != nil {
				return err
			}
			if flags.json {
				err = printJSON(c.OutOrStdout(), v)
			} else {
				err = printValidation(c.OutOrStdout(), v)
			}
			if err == nil && !v.Accepted {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	f := c.Flags()
	appFlag(c, &flags.app)
	f.StringVar(&flags.command, "command", "", "name of the command")
	f.StringVar(&flags.event, "event", "", "name of the event")
	f.StringVar(&flags.input, "input", "", "file with a command's arguments, or with what an event carries")
	f.StringVar(&flags.output, "output", "", "file with a command's result")
	f.StringVar(&flags.channel, "channel", "", "file with an item that a command streams to the page")
	f.StringVar(&flags.upload, "upload", "", "file with an item that the page streams to a command")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	return c
}

// files are those of the sides, in order.
func (f *validateFlags) files() []struct {
	side schema.Side
	name string
} {
	return []struct {
		side schema.Side
		name string
	}{{schema.Input, f.input}, {schema.Output, f.output}, {schema.Channel, f.channel}, {schema.Upload, f.upload}}
}

func (f *validateFlags) check(c *cobra.Command) error {
	if (f.command == "") == (f.event == "") {
		return fmt.Errorf("which schema? either --command or --event says it; see %s --help", c.CommandPath())
	}
	given := 0
	for _, side := range f.files() {
		if !c.Flags().Changed(side.side.String()) {
			continue
		}
		if side.name == "" {
			return fmt.Errorf("--%s is empty: want a file, or - for standard input; see %s --help", side.side, c.CommandPath())
		}
		if f.event != "" && side.side != schema.Input {
			return fmt.Errorf("--%s is of a command; what an event carries goes with --input; see %s --help", side.side, c.CommandPath())
		}
		given++
	}
	if given != 1 {
		return fmt.Errorf("which document? one of --input, --output, --channel and --upload says it; see %s --help", c.CommandPath())
	}
	return nil
}

// asked is the side, the name and the file.
func (f *validateFlags) asked() (side schema.Side, name, file string) {
	for _, s := range f.files() {
		if s.name != "" {
			side, file = s.side, s.name
		}
	}
	if f.event != "" {
		return schema.Event, f.event, file
	}
	return side, f.command, file
}

func (f *validateFlags) validate(c *cobra.Command, dir string) (validation, error) {
	read, err := loadContract(c.Context(), c.ErrOrStderr(), dir, f.app)
	if err != nil {
		return validation{}, err
	}
	side, name, file := f.asked()
	v := validation{Name: name, Side: side.String(), Schema: read.Origins[side.FileName(name)], Document: file}
	if v.Schema == "" && !(side == schema.Output && read.Set.HasInput(name)) {
		return validation{}, noSuchSchema(read, side, name, dir, f.app)
	}
	limits, err := documentLimits(dir, side, name)
	if err != nil {
		return validation{}, err
	}
	data, err := readDocument(c.Context(), c.InOrStdin(), file, limits.Size)
	if err != nil {
		return validation{}, errors.New(inLine(err.Error()))
	}
	v.mismatch = judge(read.Set, side, name, data, limits)
	v.Accepted = v.mismatch == nil
	return v, nil
}

func noSuchSchema(read *contract.Contract, side schema.Side, name, dir, app string) error {
	err := fmt.Errorf("there is no %s in %s", side.FileName(name), dir)
	if names := read.Set.Names(side); len(names) > 0 && len(names) <= 20 {
		err = fmt.Errorf("%w; of that side there are %s", err, strings.Join(names, ", "))
	}
	if app == "" && (side == schema.Input || side == schema.Output) {
		err = fmt.Errorf("%w; if the app makes it of a Go type, add --app", err)
	}
	return err
}

// documentLimits are the core's for a document of that side, and those of the app's manifest.
func documentLimits(dir string, side schema.Side, name string) (schema.Limits, error) {
	_, m, err := schemaFolder(dir)
	if err != nil {
		return schema.Limits{}, err
	}
	own := manifest.Limits{}
	if m != nil && side != schema.Event {
		own = m.Limits[name]
	}
	l := core.DefaultLimits()
	depth := cmp.Or(own.Depth, l.Depth)
	if side == schema.Input || side == schema.Upload {
		return schema.Limits{Size: cmp.Or(own.ArgsBytes, l.ArgsBytes), Depth: depth}, nil
	}
	return schema.Limits{Size: cmp.Or(own.ResultBytes, l.ResultBytes), Depth: depth}, nil
}

// readDocument reads a byte more than a document may have, and no end of a pipe that has none.
func readDocument(ctx context.Context, in io.Reader, file string, size int) ([]byte, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, int64(size)+1))
	}
	type result struct {
		data []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(in, int64(size)+1))
		read <- result{data, err}
	}()
	select {
	case r := <-read:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// judge is nil for a document that is accepted.
func judge(set *schema.Set, side schema.Side, name string, data []byte, limits schema.Limits) *mismatch {
	if len(data) > limits.Size {
		m := &mismatch{Keyword: keywordLimits, Expected: fmt.Sprintf("at most %d bytes of JSON", limits.Size), Offset: limits.Size}
		_, m.Line, m.Column = locate(data, m.Offset)
		return m
	}
	set = set.Patient()
	value, err := schema.Parse(data, limits)
	if err == nil {
		if side == schema.Output {
			err = set.ValidateOutput(name, value)
		} else {
			err = set.Validate(side, name, value)
		}
	}
	if err == nil {
		return nil
	}
	m := &mismatch{}
	var (
		syntax  *schema.SyntaxError
		invalid *schema.Invalid
	)
	switch {
	case errors.As(err, &syntax):
		m.Pointer, m.Keyword, m.Expected, m.Problem = syntax.Pointer, keywordSyntax, "one strict JSON value", syntax.Problem
		m.Offset = int(syntax.Offset)
	case errors.As(err, &invalid):
		m.Pointer, m.Keyword, m.Expected, m.Offset = invalid.Pointer, invalid.Keyword, invalid.Expected, invalid.Offset
	default:
		m.Problem = err.Error() // of the judge; the core refuses then too
	}
	m.At, m.Line, m.Column = locate(data, m.Offset)
	return m
}

// shownPointer is a pointer that can be seen where it leads to the whole.
func shownPointer(pointer string) string { return inLine(cmp.Or(pointer, `""`)) }

func printValidation(w io.Writer, v validation) error {
	p := newPainter(w)
	document := inLine(v.Document)
	if v.Document == "-" {
		document = "standard input"
	}
	by := inLine(v.Schema)
	if by == "" {
		by = "a command without an output schema"
	}
	if v.Accepted {
		_, err := fmt.Fprintf(w, "%s %s is accepted by %s\n", p.good("✓"), document, by)
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s:%d:%d: %s: %s: expected %s\n", p.bad("✗"), document, v.Line, v.Column, shownPointer(v.Pointer), v.Keyword, inLine(v.Expected))
	if v.Problem != "" {
		fmt.Fprintf(&b, "  found     %s\n", inLine(v.Problem))
	}
	if v.At != v.Pointer {
		fmt.Fprintf(&b, "  at        %s\n", shownPointer(v.At))
	}
	fmt.Fprintf(&b, "  schema    %s\n", by)
	_, err := io.WriteString(w, b.String())
	return err
}

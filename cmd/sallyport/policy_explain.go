package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/folders"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// The exit codes of policy explain. 0 is allow and 2 a broken policy.
const (
	exitDeny = 3
	exitAsk  = 4
)

// explained is what `sallyport policy explain --json` prints.
type explained struct {
	Effect     string          `json:"effect"`
	Capability *string         `json:"capability"` // of the first rule behind it; null where no rule is
	Rules      []explainedRule `json:"rules"`      // behind the effect
	Reason     string          `json:"reason"`
	Nearest    *nearest        `json:"nearest"` // of a denial: what came nearest to allowing it
	Revision   string          `json:"revision"`
	Examined   []examined      `json:"examined"` // all rules that could be about the command
}

type explainedRule struct {
	File       string `json:"file"`
	Line       int    `json:"line"`
	Capability string `json:"capability"`
	Kind       string `json:"kind"`
	Reason     string `json:"reason,omitempty"`
}

type nearest struct {
	explainedRule
	Elsewhere string              `json:"elsewhere,omitempty"` // why the capability does not hold for the call
	Condition *explainedCondition `json:"condition"`           // the first that failed
	Edit      explainedEdit       `json:"edit"`
}

type explainedCondition struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Text  string `json:"text"`
	State string `json:"state"`
	Saw   []saw  `json:"saw"`
	Error string `json:"error,omitempty"`
}

type saw struct {
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"` // left out: nothing, or of [_] no single one
}

type explainedEdit struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

type examined struct {
	explainedRule
	Held       bool                 `json:"held"`
	Elsewhere  string               `json:"elsewhere,omitempty"`
	Conditions []explainedCondition `json:"conditions"`
}

// explainFlags say which call is asked about.
type explainFlags struct {
	policyFlags
	window, origin, command, args, session, user, event, target, channel, at string
	directories                                                              []string
	id, record                                                               string
}

func newPolicyExplainCommand() *cobra.Command {
	var flags explainFlags
	c := &cobra.Command{
		Use:   "explain DIR {--window LABEL --command NAME | --id ID}",
		Short: "Decide one call, and say why",
		Long: `Explain decides one call by the capabilities in DIR and shows the rules behind
the answer, how far each other rule held, and for a denial the rule that came
nearest to allowing it, the condition that failed with the value it saw, and
the smallest edit that would allow it.

Variables stand for this user's own folders, as in an app that runs here;
--directory sets one.

With --id it looks a call up in the app's record, by the id that the page's
error has, and shows what was decided then: by which rules and, of a denial,
which rule came nearest. Arguments are not on record, only their types and
sizes where a condition looked at them.

It exits with 0 for allow, 3 for deny, 4 for ask, and 2 when the policy is
broken or the question could not be asked.`,
		Example: `  sallyport policy explain ./examples/notes --window main --command notes.list
  sallyport policy explain . --window main --command notes.save \
      --args '{"path":"/etc/passwd"}'
  sallyport policy explain . --window main --command notes.list \
      --origin https://example.com --json
  sallyport policy explain . --window main --command sallyport:listen \
      --event notes.changed
  sallyport policy explain ./examples/notes --id red2meji-12`,
		Args: cobra.MatchAll(atMost(1), func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return fmt.Errorf("which folder of capabilities? see %s --help", c.CommandPath())
			case flags.id != "" && (flags.window != "" || flags.command != "" || c.Flags().Changed("args")):
				return fmt.Errorf("--id is a call of before, and --window, --command and --args are one of now: ask for either; see %s --help", c.CommandPath())
			case flags.id == "" && (flags.window == "" || flags.command == ""):
				return fmt.Errorf("which call? --window and --command say it, or --id; see %s --help", c.CommandPath())
			case (flags.event != "") != (flags.command == policy.EmitCommand || flags.command == policy.ListenCommand):
				return fmt.Errorf("--event goes with --command %s or %s, and with no other: the event is what they are about; see %s --help", policy.EmitCommand, policy.ListenCommand, c.CommandPath())
			case flags.target != "" && flags.command != policy.EmitCommand:
				return fmt.Errorf("--target goes with --command %s: it is the window that the event is emitted to; see %s --help", policy.EmitCommand, c.CommandPath())
			case !slices.Contains([]string{"", "items", "upload", "both"}, flags.channel):
				return fmt.Errorf("--channel %s: expected items, upload or both; see %s --help", flags.channel, c.CommandPath())
			case c.Flags().Changed("origin") && flags.origin == "":
				return fmt.Errorf("--origin is empty: want the URL of a remote page; leave it out to ask about the app itself; see %s --help", c.CommandPath())
			}
			return nil
		}),
		RunE: func(c *cobra.Command, args []string) error {
			if flags.id != "" {
				return explainRecorded(c, args[0], &flags)
			}
			return explain(c, args[0], &flags)
		},
	}
	flags.add(c, runtime.GOOS)
	f := c.Flags()
	f.StringVar(&flags.window, "window", "", "label of the window that calls")
	f.StringVar(&flags.command, "command", "", "name of the command")
	f.StringVar(&flags.args, "args", "null", "arguments, as JSON; - reads them from standard input")
	f.StringVar(&flags.origin, "origin", "", "URL of a remote page that calls; left out, it is the app itself")
	f.StringVar(&flags.session, "session", "", "id of the session")
	f.StringVar(&flags.user, "user", "", "what the app knows of the user, as JSON")
	f.StringVar(&flags.event, "event", "", "name of the event, with --command sallyport:emit or sallyport:listen")
	f.StringVar(&flags.target, "target", "", "label of the only window that the event is emitted to")
	f.StringVar(&flags.channel, "channel", "", "streams that the call asks for: items, upload or both")
	f.StringVar(&flags.at, "time", "", "when it calls, as in 2027-01-31T12:00:00Z; now if left out")
	f.StringVar(&flags.id, "id", "", "id of a call that was refused, as the page's error has it")
	f.StringVar(&flags.record, "record", "", "file of the record, with --id; the app's own if left out")
	f.StringArrayVar(&flags.directories, "directory", nil, "a variable and its directory, as in PROJECTS=/srv/projects; may be repeated")
	return c
}

func explain(c *cobra.Command, dir string, flags *explainFlags) error {
	folder, err := flags.open(dir)
	if err != nil {
		return err
	}
	if err := flags.here(folder); err != nil {
		return err
	}
	in, err := flags.input(c.InOrStdin())
	if err != nil {
		return err
	}
	p, err := folder.load(c.ErrOrStderr())
	if err != nil {
		return err
	}
	x, err := p.Explain(c.Context(), in)
	if err != nil {
		return err
	}
	if flags.json {
		err = printJSON(c.OutOrStdout(), describe(folder.relative, x))
	} else {
		err = printExplained(c.OutOrStdout(), describe(folder.path, x))
	}
	if err != nil {
		return err
	}
	switch x.Effect {
	case policy.Allow:
		return nil
	case policy.Ask:
		return exitStatus(exitAsk)
	}
	return exitStatus(exitDeny)
}

// here puts this user's folders in place of the imaginary user's, where the
// question is about this system.
func (f *explainFlags) here(folder *policyFolder) error {
	if folder.platform == runtime.GOOS {
		user, _ := folders.Variables() // a folder that the system does not have keeps its placeholder
		maps.Copy(folder.variables, user)
	}
	for _, text := range f.directories {
		name, dir, ok := strings.Cut(strings.TrimPrefix(text, "$"), "=")
		if !ok {
			return fmt.Errorf("--directory %s: expected a variable and its directory, as in PROJECTS=/srv/projects", text)
		}
		folder.variables["$"+name] = dir
		if _, err := policy.Load(embed.FS{}, folder.config()); err != nil { // of no files, only the directory can be wrong
			return fmt.Errorf("--directory %s: %s", text, strings.TrimPrefix(err.Error(), "policy: Config.Variables: "))
		}
	}
	return nil
}

// input is the call that the flags describe.
func (f *explainFlags) input(stdin io.Reader) (policy.Input, error) {
	in := policy.Input{Window: f.window, Command: f.command, Platform: f.platform, Session: f.session, Event: f.event, Target: f.target, Channel: f.channel, Origin: f.origin, Local: f.origin == ""}
	args := []byte(f.args)
	var err error
	if f.args == "-" {
		if args, err = io.ReadAll(io.LimitReader(stdin, 64<<20)); err != nil {
			return in, err
		}
	}
	if in.Args, err = schema.Parse(bytes.TrimSpace(args), schema.DefaultLimits()); err != nil {
		return in, fmt.Errorf("--args: %s", strings.TrimPrefix(err.Error(), "schema: "))
	}
	if f.user != "" {
		if in.User, err = schema.Parse([]byte(f.user), schema.DefaultLimits()); err != nil {
			return in, fmt.Errorf("--user: %s", strings.TrimPrefix(err.Error(), "schema: "))
		}
	}
	if f.at != "" {
		if in.Time, err = time.Parse(time.RFC3339, f.at); err != nil {
			return in, fmt.Errorf("--time: expected one such as 2027-01-31T12:00:00Z, not %q", f.at)
		}
	}
	return in, nil
}

// describe writes an explanation, its files named by name.
func describe(name func(string) string, x policy.Explanation) explained {
	out := explained{Effect: x.Effect.String(), Reason: x.Reason, Revision: x.Revision, Rules: []explainedRule{}, Examined: []examined{}}
	rule := func(r policy.Rule) explainedRule {
		return explainedRule{name(r.File), r.Line, r.Capability, r.Kind, r.Reason}
	}
	for _, r := range x.Decision.Rules {
		out.Rules = append(out.Rules, rule(r))
	}
	if len(out.Rules) > 0 {
		out.Capability = &out.Rules[0].Capability
	}
	for _, e := range x.Rules {
		one := examined{explainedRule: rule(e.Rule), Held: e.Held, Elsewhere: e.Elsewhere, Conditions: []explainedCondition{}}
		for i := range e.Conditions {
			one.Conditions = append(one.Conditions, *describeCondition(name, &e.Conditions[i]))
		}
		out.Examined = append(out.Examined, one)
	}
	if n := x.Nearest; n != nil {
		out.Nearest = &nearest{explainedRule: rule(n.Rule), Elsewhere: n.Elsewhere, Condition: describeCondition(name, n.Condition),
			Edit: explainedEdit{name(n.Edit.File), n.Edit.Line, n.Edit.Text}}
	}
	return out
}

func describeCondition(name func(string) string, c *policy.Condition) *explainedCondition {
	if c == nil {
		return nil
	}
	out := &explainedCondition{File: name(c.File), Line: c.Line, Text: c.Text, State: c.State.String(), Error: c.Err, Saw: []saw{}}
	for _, s := range c.Saw {
		out.Saw = append(out.Saw, saw{s.Path, s.Value})
	}
	return out
}

// printExplained draws the answer as a tree.
func printExplained(w io.Writer, x explained) error {
	p := newPainter(w)
	var b strings.Builder
	paint := map[string]func(string) string{"allow": p.good, "deny": p.bad, "ask": func(s string) string { return p.paint("33", s) }}[x.Effect]
	fmt.Fprintf(&b, "%s", paint(x.Effect))
	if x.Reason != "" {
		fmt.Fprintf(&b, ": %s", x.Reason)
	}
	b.WriteString("\n")
	for _, r := range x.Rules {
		fmt.Fprintf(&b, "  by %s %s:%d %s\n", r.Kind, r.File, r.Line, p.dim("capability "+r.Capability))
	}
	for i, e := range x.Examined {
		branch, stem := "├─", "│ "
		if i == len(x.Examined)-1 {
			branch, stem = "└─", "  "
		}
		drawRule(&b, p, e, branch, stem)
	}
	if n := x.Nearest; n != nil {
		fmt.Fprintf(&b, "nearest: %s %s:%d\n", n.Kind, n.File, n.Line)
		switch {
		case n.Elsewhere != "":
			fmt.Fprintf(&b, "  its capability does not hold here: %s\n", n.Elsewhere)
		case n.Condition != nil:
			fmt.Fprintf(&b, "  failed at %s:%d: %s%s\n", n.Condition.File, n.Condition.Line, n.Condition.Text, sawText(n.Condition))
		}
		fmt.Fprintf(&b, "smallest edit: %s:%d: %s\n", n.Edit.File, n.Edit.Line, n.Edit.Text)
	}
	fmt.Fprintf(&b, "%s\n", p.dim("revision "+x.Revision))
	_, err := io.WriteString(w, b.String())
	return err
}

func drawRule(b *strings.Builder, p painter, e examined, branch, stem string) {
	mark := p.dim("·")
	if e.Held {
		mark = p.good("✓")
	}
	fmt.Fprintf(b, "%s %s %s %s:%d %s\n", branch, mark, e.Kind, e.File, e.Line, p.dim("capability "+e.Capability))
	if e.Elsewhere != "" {
		fmt.Fprintf(b, "%s  %s does not hold here: %s\n", stem, p.bad("✗"), e.Elsewhere)
	}
	for i := range e.Conditions {
		c := &e.Conditions[i]
		mark := map[string]string{"met": p.good("✓"), "failed": p.bad("✗")}[c.State]
		if mark == "" {
			mark = p.dim("·")
		}
		fmt.Fprintf(b, "%s  %s %s%s\n", stem, mark, c.Text, p.dim(sawText(c)))
	}
}

// sawText is what a condition saw, for a person.
func sawText(c *explainedCondition) string {
	if c.State == "not reached" {
		return ""
	}
	text := ""
	for _, s := range c.Saw {
		switch {
		case s.Value != nil:
			text += fmt.Sprintf("  %s is %s", s.Path, printable(string(s.Value)))
		case !strings.Contains(s.Path, "[_]"):
			text += fmt.Sprintf("  %s is absent", s.Path)
		}
	}
	if c.Error != "" {
		text += "  " + c.Error
	}
	return text
}

// printable cuts what a call holds, and shows as escapes what a terminal would
// obey or hide.
func printable(text string) string {
	const most = 120
	n := 0
	for i := range text {
		if n++; n > most {
			text = text[:i] + "…"
			break
		}
	}
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(escaped(text))
}

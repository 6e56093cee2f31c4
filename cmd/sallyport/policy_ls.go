package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/replay"
)

// A lsReport is what `sallyport policy ls --json` prints.
type lsReport struct {
	Folder   string   `json:"folder"`
	Revision string   `json:"revision"`
	Commands []string `json:"commands"`
	Rows     []lsRow  `json:"rows"`

	subjects []policy.Subject // that Commands names
}

// lsRow is what pages of one origin may do in one window.
type lsRow struct {
	Window string   `json:"window"`           // a label, or the glob of labels yet to come
	Origin string   `json:"origin,omitempty"` // of a remote page; left out for the app itself
	Cells  []lsCell `json:"commands"`

	page string // that stands for all of Origin
}

type lsCell struct {
	Command string   `json:"command"`
	Most    string   `json:"most"`            // the best that a call can get
	Depends bool     `json:"depends"`         // on the call's arguments, its session, user or time
	Rules   []lsRule `json:"rules,omitempty"` // that count, or could
	Error   string   `json:"error,omitempty"` // why no call can be decided
}

type lsRule struct {
	Kind string `json:"kind"`
	File string `json:"file"` // from the folder that was asked about
	Line int    `json:"line"`
}

// anyOther stands for a command or an event that no rule names.
const anyOther = "(any other)"

func newPolicyLsCommand() *cobra.Command {
	var flags policyFlags
	c := &cobra.Command{
		Use:   "ls [DIR]",
		Short: "Show who may do what: windows by commands",
		Long: `Ls shows for each window and each command what becomes of a call. The windows
are those of the app's sallyport.json, or else the globs that capabilities
name; pages of other origins have rows of their own. The commands are those
that rules or the manifest name; sallyport:emit and sallyport:listen have a
column for each event that rules name.

  allow      every call may run           allow if   some calls may
  ask        the user is asked each time  ask if     for some calls
  deny       no call may run              error      none can be decided`,
		Example: `  sallyport policy ls ./examples/notes
  sallyport policy ls ./examples/notes/capabilities --json`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			folder, err := flags.open(argument(args, "."))
			if err != nil {
				return err
			}
			p, err := folder.load(c.ErrOrStderr())
			if err != nil {
				return err
			}
			r := lsReport{Folder: folder.dir, Revision: p.Revision(), Rows: folder.rows(p), subjects: folder.subjects(p)}
			done := patience(c.ErrOrStderr(), "sallyport: deciding for each window and command…")
			for i := range r.Rows {
				r.Rows[i].fill(c.Context(), p, folder, r.subjects)
			}
			done()
			r.dropOther()
			if flags.json {
				return printJSON(c.OutOrStdout(), r)
			}
			return printMatrix(c.OutOrStdout(), r)
		},
	}
	flags.add(c, runtime.GOOS)
	return c
}

// subjects are all that is named, and stand-ins for all others.
func (f *policyFolder) subjects(p *policy.Policy) []policy.Subject {
	all := p.Subjects(anyOther)
	if f.manifest != nil {
		for _, name := range f.manifest.Commands {
			all = append(all, policy.Subject{Command: name})
		}
	}
	slices.SortFunc(all, func(a, b policy.Subject) int { return strings.Compare(a.String(), b.String()) })
	return append(slices.Compact(all), policy.Subject{Command: anyOther})
}

// rows are the windows, first of the app itself and then of remote origins.
func (f *policyFolder) rows(p *policy.Policy) []lsRow {
	var labels []string
	if f.manifest != nil {
		for _, w := range f.manifest.Windows {
			labels = append(labels, w.Label)
		}
	}
	var globs []string
	var remote []lsRow
	for _, c := range p.Capabilities() {
		for _, glob := range c.Windows {
			if f.manifest == nil || strings.ContainsAny(glob, "*?") {
				globs = append(globs, glob)
			}
			for _, origin := range c.Origins {
				page, ok := replay.Page(p, c, origin)
				if !ok {
					page = origin
				}
				remote = append(remote, lsRow{Window: glob, Origin: origin, page: page})
			}
		}
	}
	slices.Sort(globs)
	var rows []lsRow
	for _, window := range append(labels, slices.Compact(globs)...) {
		rows = append(rows, lsRow{Window: window})
	}
	slices.SortFunc(remote, func(a, b lsRow) int { return strings.Compare(a.Window+" "+a.Origin, b.Window+" "+b.Origin) })
	remote = slices.CompactFunc(remote, func(a, b lsRow) bool { return a.Window == b.Window && a.Origin == b.Origin })
	return append(rows, remote...)
}

func (r *lsRow) fill(ctx context.Context, p *policy.Policy, folder *policyFolder, subjects []policy.Subject) {
	in := policy.Input{Window: r.Window, Origin: r.page, Local: r.Origin == ""}
	for _, s := range subjects {
		in.Command, in.Event = s.Command, s.Event
		cell := lsCell{Command: s.String()}
		o, err := p.Outlook(ctx, in)
		if err != nil {
			cell.Error = folder.locate(err).Error()
		}
		cell.Most, cell.Depends = o.Most.String(), o.Depends && o.Most != policy.Deny
		for _, rule := range o.Rules {
			cell.Rules = append(cell.Rules, lsRule{rule.Kind, folder.relative(rule.File), rule.Line})
		}
		r.Cells = append(r.Cells, cell)
	}
}

// dropOther leaves out the stand-ins for others where these are denied anyway.
func (r *lsReport) dropOther() {
	for i := len(r.subjects) - 1; i >= 0; i-- {
		told := slices.ContainsFunc(r.Rows, func(row lsRow) bool { return row.Cells[i].Most != policy.Deny.String() || row.Cells[i].Error != "" })
		if s := r.subjects[i]; told || s.Command != anyOther && s.Event != anyOther {
			continue
		}
		r.subjects = slices.Delete(r.subjects, i, i+1)
		for j := range r.Rows {
			r.Rows[j].Cells = slices.Delete(r.Rows[j].Cells, i, i+1)
		}
	}
	r.Commands = make([]string, len(r.subjects))
	for i, s := range r.subjects {
		r.Commands[i] = s.String()
	}
}

// String is a cell's word.
func (c lsCell) String() string {
	switch {
	case c.Error != "":
		return "error"
	case c.Depends:
		return c.Most + " if"
	}
	return c.Most
}

// width is that of the terminal, or of what a page takes.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 20 {
			return n
		}
	}
	return 80
}

// printMatrix writes as many columns beside one another as fit, and the others below.
func printMatrix(w io.Writer, r lsReport) error {
	p := newPainter(w)
	var b strings.Builder
	first := 0
	for _, row := range r.Rows {
		first = max(first, utf8.RuneCountInString(row.name()))
	}
	limit := width(w)
	for from := 0; from < len(r.Commands); {
		to, used := from, first
		for to < len(r.Commands) && (to == from || used+2+r.columnWidth(to) <= limit) {
			used += 2 + r.columnWidth(to)
			to++
		}
		if from > 0 {
			b.WriteByte('\n')
		}
		line := strings.Repeat(" ", first)
		for i := from; i < to; i++ {
			line += fmt.Sprintf("  %-*s", r.columnWidth(i), r.Commands[i])
		}
		fmt.Fprintln(&b, strings.TrimRight(line, " "))
		for _, row := range r.Rows {
			line := fmt.Sprintf("%-*s", first, row.name())
			for i := from; i < to; i++ {
				word := row.Cells[i].String()
				line += "  " + row.Cells[i].paint(p, word) + strings.Repeat(" ", r.columnWidth(i)-len(word))
			}
			fmt.Fprintln(&b, strings.TrimRight(line, " "))
		}
		from = to
	}
	switch {
	case len(r.Rows) == 0:
		fmt.Fprintf(&b, "%s holds no capability for any window, which denies everything\n", r.Folder)
	case len(r.Commands) == 0:
		fmt.Fprintf(&b, "%s names no command, which denies everything\n", r.Folder)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *lsReport) columnWidth(i int) int { return max(len("allow if"), len(r.Commands[i])) }

func (r *lsRow) name() string {
	if r.Origin == "" {
		return r.Window
	}
	return r.Window + " from " + r.Origin
}

func (c lsCell) paint(p painter, word string) string {
	switch {
	case c.Error != "":
		return p.bad(word)
	case c.Most == policy.Deny.String():
		return p.dim(word)
	case c.Most == policy.Allow.String() && !c.Depends:
		return p.good(word)
	}
	return word
}

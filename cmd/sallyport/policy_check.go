package main

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy"
)

// checkReport is what `sallyport policy check --json` prints.
type checkReport struct {
	OK           bool                `json:"ok"`
	Folder       string              `json:"folder"` // of the capabilities
	App          string              `json:"app,omitempty"`
	Error        string              `json:"error,omitempty"` // begins with file:line where it is about a file
	Warnings     []string            `json:"warnings,omitempty"`
	Revision     string              `json:"revision,omitempty"`
	Capabilities []checkedCapability `json:"capabilities,omitempty"`
	Commands     []string            `json:"commands,omitempty"` // that rules name in so many words
}

type checkedCapability struct {
	ID        string     `json:"id"`
	Title     string     `json:"title,omitempty"`
	File      string     `json:"file"` // from the folder that was asked about
	Line      int        `json:"line"`
	Windows   []string   `json:"windows"`
	Local     bool       `json:"local"` // holds for the app itself
	Origins   []string   `json:"origins,omitempty"`
	Platforms []string   `json:"platforms,omitzero"` // left out: all; []: none
	Nowhere   bool       `json:"nowhere,omitempty"`  // for no window, origin or platform
	Expires   *time.Time `json:"expires,omitempty"`
	Rules     int        `json:"rules"`
}

func newPolicyCheckCommand() *cobra.Command {
	var flags policyFlags
	c := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Load capabilities as an app's start does, and list what they hold",
		Long: `Check compiles the capabilities in DIR (the current folder if left out) as the
app does when it starts, and shows the first fault by file and line, or what
was loaded. With the folder of an app it also reads all else that the app's
sallyport.json names, and shows what the app would refuse to start with or
warn of: a command without a schema, a capability for a window that the app
does not have, a rule for a command that is not registered.

It exits with 0 when the capabilities can be loaded, 1 when they can't, and 2
when it could not look.`,
		Example: `  sallyport policy check ./examples/notes
  sallyport policy check ./examples/notes/capabilities --platform windows
  sallyport policy check . --variable PROJECTS   the app's code sets $PROJECTS`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			folder, err := flags.open(argument(args, "."))
			if err != nil {
				return err
			}
			r := checkPolicy(c, folder)
			if flags.json {
				r.rename(folder.relative)
				err = printJSON(c.OutOrStdout(), r)
			} else {
				r.rename(folder.path)
				err = printCheck(c.OutOrStdout(), r)
			}
			if err == nil && !r.OK {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	flags.add(c, runtime.GOOS)
	return c
}

// argument is the first of args, or what leaving it out means.
func argument(args []string, otherwise string) string {
	if len(args) == 0 {
		return otherwise
	}
	return args[0]
}

func checkPolicy(c *cobra.Command, folder *policyFolder) checkReport {
	r := checkReport{Folder: folder.dir, App: folder.app}
	p, err := folder.load(c.ErrOrStderr())
	if err != nil {
		r.Error = strings.TrimPrefix(err.Error(), "policy: ")
		return r
	}
	r.Revision, r.Commands = p.Revision(), p.Commands()
	rules := make(map[string]int)
	for _, rule := range p.Rules() {
		rules[rule.Capability]++
	}
	for _, k := range p.Capabilities() {
		r.Capabilities = append(r.Capabilities, describeCapability(k, rules[k.ID]))
	}
	if folder.manifest == nil {
		r.OK = true
		return r
	}
	var said warnings
	// An app runs on this machine, whatever platform was asked about.
	variables := policy.Placeholders(runtime.GOOS, slices.Collect(maps.Keys(folder.variables))...)
	err = tryStart(c.Context(), folder.app, folder.manifest, variables, slog.New(&said))
	r.OK, r.Warnings = err == nil, said.lines
	if err != nil {
		r.Error = fmt.Sprintf("%s: %s", folder.app, strings.TrimPrefix(folder.locate(err).Error(), "core: "))
	}
	if folder.manifest.Commands == nil {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the manifest lists no commands, so that they could not be compared; run sallyport manifest %s", folder.app))
	}
	return r
}

// rename names the files of capabilities.
func (r *checkReport) rename(name func(string) string) {
	for i := range r.Capabilities {
		r.Capabilities[i].File = name(r.Capabilities[i].File)
	}
}

func describeCapability(k policy.Capability, rules int) checkedCapability {
	d := checkedCapability{
		ID: k.ID, Title: k.Title, File: k.File, Line: k.Line, Windows: k.Windows, Local: k.Local,
		Origins: k.Origins, Platforms: k.Platforms, Rules: rules,
		Nowhere: len(k.Windows) == 0 || k.Platforms != nil && len(k.Platforms) == 0 || !k.Local && len(k.Origins) == 0,
	}
	if !k.Expires.IsZero() {
		d.Expires = &k.Expires
	}
	return d
}

func printCheck(w io.Writer, r checkReport) error {
	p := newPainter(w)
	var b strings.Builder
	for _, k := range r.Capabilities {
		fmt.Fprintf(&b, "%s  %s:%d  %s\n", k.ID, k.File, k.Line, p.dim(k.where()+"; "+counted(k.Rules, "rule")))
	}
	if len(r.Commands) > 0 {
		fmt.Fprintf(&b, "commands that rules name: %s\n", strings.Join(r.Commands, ", "))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", escaped(warning))
	}
	switch {
	case r.Error != "":
		fmt.Fprintf(&b, "%s %s\n", p.bad("✗"), escaped(r.Error))
	default:
		fmt.Fprintf(&b, "%s %s holds %s, revision %s\n", p.good("✓"), r.Folder, capabilitiesIn(len(r.Capabilities)), r.Revision)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func capabilitiesIn(n int) string {
	switch n {
	case 0:
		return "no capability, which denies everything"
	case 1:
		return "1 capability"
	}
	return fmt.Sprintf("%d capabilities", n)
}

// where says in words for whom a capability holds.
func (k checkedCapability) where() string {
	if k.Nowhere {
		return "holds nowhere"
	}
	parts := []string{"windows " + strings.Join(k.Windows, ", ")}
	if len(k.Origins) > 0 {
		from := "from " + strings.Join(k.Origins, ", ")
		if k.Local {
			from += " and the app itself"
		}
		parts = append(parts, from)
	}
	if k.Platforms != nil {
		parts = append(parts, "on "+strings.Join(k.Platforms, ", "))
	}
	if k.Expires != nil {
		until := "until "
		if !time.Now().Before(*k.Expires) {
			until = "expired at "
		}
		parts = append(parts, until+k.Expires.Format(time.RFC3339))
	}
	return strings.Join(parts, " ")
}

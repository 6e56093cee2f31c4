package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/folders"
)

// recorded is what `sallyport policy explain --id ID --json` prints: the
// decision as it is on record, with the members that explain has without an id.
type recorded struct {
	Effect     string          `json:"effect"`     // "deny" of every call that was refused
	Capability *string         `json:"capability"` // of the first rule behind it; null where no rule is
	Rules      []audits.Rule   `json:"rules"`
	Reason     string          `json:"reason"`
	Nearest    *audits.Nearest `json:"nearest"`
	Revision   string          `json:"revision"`

	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Window  string    `json:"window"`
	Origin  string    `json:"origin"`
	Command string    `json:"command"`
	Stage   string    `json:"stage"` // that gave the verdict: only that of the policy has rules
	Code    string    `json:"code,omitempty"`

	Mismatch *audits.Mismatch `json:"mismatch,omitempty"` // of arguments that the command's schema refused
}

// explainRecorded shows the decision on record about a call.
func explainRecorded(c *cobra.Command, dir string, flags *explainFlags) error {
	folder, err := flags.open(dir)
	if err != nil {
		return err
	}
	file, err := flags.recordOf(folder)
	if err != nil {
		return err
	}
	r, err := findRecord(file, flags.id)
	if err != nil {
		return err
	}
	out := recorded{Effect: "deny", Rules: r.Rules, Reason: r.Reason, Nearest: r.Nearest, Revision: r.Revision,
		ID: r.ID, Time: r.Time, Window: r.Window, Origin: r.Origin, Command: r.Command, Stage: r.Stage, Code: r.Code, Mismatch: r.Mismatch}
	if r.Verdict == audits.VerdictAllow {
		out.Effect = "allow"
	}
	if len(out.Rules) > 0 {
		out.Capability = &out.Rules[0].Capability
	} else {
		out.Rules = []audits.Rule{}
	}
	if flags.json {
		err = printJSON(c.OutOrStdout(), out)
	} else {
		err = printRecorded(c.OutOrStdout(), folder, out)
	}
	if err == nil && out.Effect == "deny" {
		return exitStatus(exitDeny)
	}
	return err
}

// recordOf is the file of the record: that of the flag, or of the app in the
// folder.
func (f *explainFlags) recordOf(folder *policyFolder) (string, error) {
	switch {
	case f.record != "":
		return f.record, nil
	case folder.manifest == nil:
		return "", fmt.Errorf("%s has no sallyport.json that names the app; say with --record where its record is", folder.dir)
	}
	state, err := folders.State(folder.manifest.Name)
	if err != nil {
		return "", fmt.Errorf("the user has no home folder (%w); say with --record where the app's record is", err)
	}
	return filepath.Join(state, folders.Record), nil
}

// findRecord reads the record to its end: the last decision of an id counts.
func findRecord(file, id string) (*audits.Record, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w; say with --record where the app's record is", err)
	}
	defer in.Close()
	var found *audits.Record
	for r, err := range audits.Scan(in) {
		if err == nil && r.ID == id && r.Kind == audits.KindDecision {
			found = &r
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s has no decision of the id %q; it is the id in the page's error, as in red2meji-12", file, id)
	}
	return found, nil
}

func printRecorded(w io.Writer, folder *policyFolder, x recorded) error {
	p := newPainter(w)
	var b strings.Builder
	effect := p.bad(x.Effect)
	if x.Effect == "allow" {
		effect = p.good(x.Effect)
	}
	fmt.Fprintf(&b, "%s", effect)
	if x.Reason != "" {
		fmt.Fprintf(&b, ": %s", printable(x.Reason))
	}
	fmt.Fprintf(&b, "\n  %s of window %s at %s, in stage %s\n", printable(orNone(x.Command)), printable(x.Window), x.Time.Format(time.RFC3339), printable(x.Stage))
	for _, r := range x.Rules {
		fmt.Fprintf(&b, "  by %s:%d %s\n", folder.path(r.File), r.Line, p.dim("capability "+r.Capability))
	}
	if n := x.Nearest; n != nil {
		fmt.Fprintf(&b, "nearest: %s:%d %s\n", folder.path(n.File), n.Line, p.dim("capability "+n.Capability))
		if n.Elsewhere != "" {
			fmt.Fprintf(&b, "  its capability does not hold there: %s\n", printable(n.Elsewhere))
		}
		if n.Condition != "" {
			fmt.Fprintf(&b, "  failed at %s:%d: %s\n", folder.path(n.File), n.ConditionLine, printable(n.Condition))
		}
		for _, s := range n.Saw {
			fmt.Fprintf(&b, "  %s was %s\n", printable(s.Path), sizeOf(s))
		}
	}
	if x.Revision != "" {
		fmt.Fprintf(&b, "%s\n", p.dim("revision "+x.Revision))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func orNone(command string) string {
	if command == "" {
		return "a command that is not registered"
	}
	return command
}

// sizeOf is a part of the input in words, as far as it is on record.
func sizeOf(s audits.Saw) string {
	if s.Size == 0 {
		return printable(s.Type)
	}
	return fmt.Sprintf("%s of %s", printable(s.Type), counted(s.Size, "byte"))
}

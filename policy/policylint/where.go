package policylint

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/policytest"
)

// metadata looks at where a capability holds.
func (f *file) metadata(now time.Time) []Finding {
	var all []Finding
	for _, glob := range f.Windows {
		if strings.Trim(glob, "*?") == "" {
			all = append(all, f.at(f.Line, "wide-window", fmt.Sprintf("the capability holds for every window (%q)", glob),
				"a window that is added later has it too", "name the windows, or a glob that begins with part of a label"))
		}
	}
	for _, origin := range f.Origins {
		scheme, host, _ := strings.Cut(origin, "://")
		host, _, _ = strings.Cut(host, "/")
		if strings.ContainsAny(scheme+host, "*:(") && regexp.MustCompile(`[*(]|:[a-z]`).MatchString(scheme+" "+host) {
			all = append(all, f.at(f.keyLine("(origins|urls)"), "wide-origin", fmt.Sprintf("the origin %q is a pattern of schemes or hosts", origin),
				"one host that somebody else runs or takes over, and the page there has the capability", "name each origin exactly"))
		}
	}
	if key, why := f.nowhere(now); why != "" {
		all = append(all, f.at(f.keyLine(key), "unreachable", "no rule of the capability can hold: "+why,
			"it looks as if it granted or denied something", "remove the file, or say where it holds"))
	}
	return all
}

// nowhere says why a capability does not hold for any call, and which key says so.
func (f *file) nowhere(now time.Time) (key, why string) {
	switch {
	case len(f.Windows) == 0:
		return "windows", "it holds for no window"
	case f.Platforms != nil && len(f.Platforms) == 0:
		return "platforms", "it holds on no platform"
	case !f.Local && len(f.Origins) == 0:
		return "(origins|local)", "it holds for no origin, nor for the app itself"
	case !f.Expires.IsZero() && !now.Before(f.Expires):
		return "expires", "it has expired"
	}
	return "", ""
}

// untested names capabilities without any test, and rules that held in none.
func untested(ctx context.Context, fsys fs.FS, c policy.Config, capabilities []policy.Capability, now time.Time) ([]Finding, error) {
	c.Platform = "" // tests say themselves where they run
	r, err := policytest.Run(ctx, fsys, c, policytest.Options{Coverage: true})
	if err != nil {
		return nil, err
	}
	coverage := make(map[string]policytest.FileCoverage)
	for _, f := range r.Coverage.Files {
		coverage[f.File] = f
	}
	var all []Finding
	for _, k := range capabilities {
		f, err := readFile(fsys, k)
		if err != nil {
			return nil, err
		}
		if _, why := f.nowhere(now); why != "" || f.module == nil {
			continue
		}
		reached := coverage[k.File]
		const why = "nobody would notice if it became wrong"
		if len(reached.Covered) == 0 {
			all = append(all, f.at(f.module.Package.Location.Row, "untested", "no test reaches the capability "+k.ID, why,
				"write "+strings.TrimSuffix(k.File, ".rego")+"_test.yaml with a call for each rule, and one that none allows"))
			continue
		}
		for _, r := range f.rules("allow", "deny", "ask", "limit") {
			if line := r.Location.Row; !reached.Reached(line) {
				all = append(all, f.at(line, "untested", "the rule holds in no test", why, "add a call for which it holds"))
			}
		}
	}
	return all, nil
}

// permissions names what is written out and grants nothing.
func permissions(all []policy.Permission) []Finding {
	var found []Finding
	for _, p := range all {
		if p.Used {
			continue
		}
		what := "permission"
		if p.Set {
			what = "set"
		}
		found = append(found, Finding{
			File: p.File, Line: p.Line, Rule: "unused-permission",
			What: fmt.Sprintf("no capability uses the %s %s", what, p.ID),
			Why:  "what it denies is not denied, and whoever edits it changes nothing",
			Do:   "name it among the permissions of a capability, or remove it",
		})
	}
	return found
}

package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/gen/docs"
	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/policy"
)

// An access asks the policy who may call what.
type access struct {
	folder    *policyFolder
	policy    *policy.Policy
	rows      []lsRow
	platforms []string
	until     map[string]string // by capability
	link      func(file string) string
}

func newAccess(folder *policyFolder, p *policy.Policy, link func(string) string) *access {
	a := &access{folder: folder, policy: p, rows: folder.rows(p), until: map[string]string{}, link: link}
	a.platforms = []string{"darwin", "linux", "windows"}
	for _, k := range p.Capabilities() {
		a.platforms = append(a.platforms, k.Platforms...)
		if !k.Expires.IsZero() {
			a.until[k.ID] = k.Expires.UTC().Format(time.RFC3339)
		}
	}
	slices.Sort(a.platforms)
	a.platforms = slices.Compact(a.platforms)
	return a
}

func (a *access) fill(ctx context.Context, r *docs.Reference) error {
	for i := range r.Commands {
		for _, row := range a.rows {
			found, err := a.of(ctx, row, r.Commands[i].Name)
			if err != nil {
				return err
			}
			r.Commands[i].Access = append(r.Commands[i].Access, found...)
		}
	}
	return nil
}

// of is what pages of one row may do, on all platforms together where it is the same on each.
func (a *access) of(ctx context.Context, row lsRow, command string) ([]docs.Access, error) {
	var all []docs.Access
	var on [][]string
	for _, platform := range a.platforms {
		found, ok, err := a.on(ctx, row, command, platform)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		same := slices.IndexFunc(all, func(other docs.Access) bool { return reflect.DeepEqual(other, found) })
		if same < 0 {
			all, on, same = append(all, found), append(on, nil), len(all)
		}
		on[same] = append(on[same], platform)
	}
	for i := range all {
		if len(on[i]) < len(a.platforms) {
			all[i].Platforms = on[i]
		}
	}
	return all, nil
}

// on is the access on one platform; false where all calls are denied.
func (a *access) on(ctx context.Context, row lsRow, command, platform string) (docs.Access, bool, error) {
	in := policy.Input{Window: row.Window, Origin: row.page, Local: row.Origin == "", Command: command, Platform: platform, Time: timeless()}
	o, err := a.policy.Outlook(ctx, in)
	if err != nil {
		return docs.Access{}, false, a.folder.locate(err)
	}
	if o.Most == policy.Deny {
		return docs.Access{}, false, nil
	}
	limits, err := a.policy.Limits(ctx, in)
	if err != nil {
		return docs.Access{}, false, a.folder.locate(err)
	}
	found := docs.Access{Window: row.Window, Origin: row.Origin, Effect: o.Most.String(), Depends: o.Depends, Limits: policyLimits(limits)}
	for _, rule := range o.Rules {
		file := a.folder.relative(rule.File)
		found.Rules = append(found.Rules, docs.Rule{
			Kind: rule.Kind, Capability: rule.Capability, File: file, Line: rule.Line, Until: a.until[rule.Capability], Link: a.link(file),
		})
	}
	return found, true, nil
}

// policyLimits are the numbers of limit rules, in words.
func policyLimits(l policy.Limits) []string {
	var all []string
	rate := func(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }
	if l.CallsPerSecond > 0 {
		all = append(all, "at most "+rate(l.CallsPerSecond)+" calls a second")
	}
	if l.Burst > 0 {
		all = append(all, fmt.Sprintf("at most %d at once after a pause", l.Burst))
	}
	if l.Concurrency > 0 {
		all = append(all, fmt.Sprintf("at most %d under way", l.Concurrency))
	}
	if l.Bytes > 0 {
		all = append(all, "arguments of at most "+counted(l.Bytes, "byte"))
	}
	if l.BytesPerSecond > 0 {
		all = append(all, "at most "+rate(l.BytesPerSecond)+" bytes of arguments a second")
	}
	return all
}

// limitsInWords are those that the manifest sets for one command.
func limitsInWords(l manifest.Limits) []string {
	var all []string
	if l.ArgsBytes > 0 {
		all = append(all, "arguments of at most "+counted(l.ArgsBytes, "byte"))
	}
	if l.ResultBytes > 0 {
		all = append(all, "a result of at most "+counted(l.ResultBytes, "byte"))
	}
	if l.Depth > 0 {
		all = append(all, fmt.Sprintf("nesting of at most %d", l.Depth))
	}
	if l.DeadlineMS > 0 {
		all = append(all, "it ends after "+(time.Duration(l.DeadlineMS)*time.Millisecond).String())
	}
	return all
}

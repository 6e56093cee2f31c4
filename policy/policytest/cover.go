package policytest

import (
	"maps"
	"path"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Coverage is which lines of the capabilities tests reached: the head of a rule is reached if the rule
// held, a condition if it was evaluated.
type Coverage struct {
	Percent float64        `json:"percent"` // of the lines that could be reached; 100 if there is none
	Files   []FileCoverage `json:"files"`   // of all capabilities in Rego, in the order of their files
}

// FileCoverage is that of one capability.
type FileCoverage struct {
	File       string  `json:"file"`
	Percent    float64 `json:"percent"`
	Covered    []Lines `json:"covered"`
	NotCovered []Lines `json:"not_covered"`
}

// Lines are those from First to Last, both included, from 1.
type Lines struct {
	First int `json:"first"`
	Last  int `json:"last"`
}

// Reached says whether a line was.
func (f *FileCoverage) Reached(line int) bool {
	return slices.ContainsFunc(f.Covered, func(l Lines) bool { return l.First <= line && line <= l.Last }) &&
		!slices.ContainsFunc(f.NotCovered, func(l Lines) bool { return l.First <= line && line <= l.Last })
}

func (e *evaluation) report() *Coverage {
	modules := make(map[string]*ast.Module)
	for _, file := range e.harness.Capabilities {
		if path.Ext(file) == ".rego" { // the rules of others stand in several files
			modules[file] = e.harness.Compiler.Modules[file]
		}
	}
	found := e.cover.Report(modules)
	c := &Coverage{Percent: 100}
	covered, all := 0, 0
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		f := FileCoverage{File: file, Percent: 100, Covered: []Lines{}, NotCovered: []Lines{}}
		lines := make(map[int]bool) // whether each was reached
		if r := found.Files[file]; r != nil {
			for _, l := range r.Covered {
				for n := l.Start.Row; n <= l.End.Row; n++ {
					lines[n] = true
				}
			}
			// A line is reached only if all that stands on it was.
			for _, l := range r.NotCovered {
				for n := l.Start.Row; n <= l.End.Row; n++ {
					lines[n] = false
				}
			}
		}
		reached := 0
		for _, n := range slices.Sorted(maps.Keys(lines)) {
			to := &f.NotCovered
			if lines[n] {
				to = &f.Covered
				reached++
			}
			*to = extend(*to, n)
		}
		if len(lines) > 0 {
			f.Percent = percent(reached, len(lines))
		}
		covered, all = covered+reached, all+len(lines)
		c.Files = append(c.Files, f)
	}
	if all > 0 {
		c.Percent = percent(covered, all)
	}
	return c
}

func percent(part, of int) float64 { return 100 * float64(part) / float64(of) }

// extend adds a line to runs of lines in ascending order.
func extend(runs []Lines, n int) []Lines {
	if last := len(runs) - 1; last >= 0 && runs[last].Last == n-1 {
		runs[last].Last = n
		return runs
	}
	return append(runs, Lines{n, n})
}

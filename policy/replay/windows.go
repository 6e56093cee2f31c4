package replay

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// A standIn is one of all that two policies can't tell apart.
type standIn struct {
	name  string // for people: the thing itself, or the patterns it stands for
	value string
}

// windowsFor finds a window for each set of globs that some label matches, as far as one or two globs
// and the words of rules bring it about. Labels that no glob matches are left out: both policies deny
// them everything.
func windowsFor(globs, words []string) []standIn {
	globs, words = distinct(globs), distinct(words)
	var exact, wild []string
	for _, g := range globs {
		if strings.ContainsAny(g, "*?") {
			wild = append(wild, g)
		} else {
			exact = append(exact, g)
		}
	}
	candidates := slices.Clone(exact)
	for _, w := range words {
		candidates = append(candidates, w, w+"x", "x"+w)
	}
	for i, g := range wild {
		for _, filler := range []string{"x", "", "xx", "q7"} {
			candidates = append(candidates, strings.NewReplacer("*", filler, "?", "x").Replace(g))
		}
		for _, h := range wild[i+1:] {
			if met, ok := meet(g, h); ok {
				candidates = append(candidates, met)
			}
		}
	}
	label := regexp.MustCompile(`^[a-z0-9-]+$`)
	seen := make(map[string]bool)
	var all []standIn
	for _, c := range candidates {
		if !label.MatchString(c) {
			continue
		}
		var matched []string
		signature := ""
		for _, g := range globs {
			if ok, err := path.Match(g, c); ok && err == nil {
				matched = append(matched, g)
				signature += " " + g
			}
		}
		for _, w := range words {
			if strings.Contains(c, w) {
				signature += " =" + w
			}
			if c == w {
				signature += "!"
			}
		}
		if len(matched) == 0 || seen[signature] {
			continue
		}
		seen[signature] = true
		name := c
		if !slices.Contains(exact, c) && !slices.Contains(words, c) {
			name = strings.Join(matched, " and ")
			if slices.ContainsFunc(all, func(s standIn) bool { return s.name == name }) {
				name += ", as " + c
			}
		}
		all = append(all, standIn{name, c})
	}
	return all
}

// meet is a label that both globs match.
func meet(g, h string) (string, bool) {
	failed := make(map[[2]int]bool)
	var find func(i, j int) (string, bool)
	find = func(i, j int) (string, bool) {
		if i == len(g) && j == len(h) {
			return "", true
		}
		at := [2]int{i, j}
		if failed[at] {
			return "", false
		}
		failed[at] = true // until it succeeds
		if i < len(g) && g[i] == '*' {
			if rest, ok := find(i+1, j); ok {
				return rest, true
			}
		}
		if j < len(h) && h[j] == '*' {
			if rest, ok := find(i, j+1); ok {
				return rest, true
			}
		}
		if i == len(g) || j == len(h) {
			return "", false
		}
		a, b := g[i], h[j]
		next := [2]int{i + 1, j + 1}
		switch {
		case a == '*' && b == '*':
			return "", false // one of them has had its turn at ending
		case a == '*':
			next[0], a = i, b
		case b == '*':
			next[1] = j
		case a == '?':
			a = b
		case b != '?' && a != b:
			return "", false
		}
		if a == '?' {
			a = 'x'
		}
		rest, ok := find(next[0], next[1])
		return string(a) + rest, ok
	}
	return find(0, 0)
}

func distinct(of []string) []string { return slices.Compact(slices.Sorted(slices.Values(of))) }

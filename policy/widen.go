package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// widenScope writes a call of the scope library so that it takes the value that was seen.
func (s *examiner) widenScope(function string, e *ast.Expr, path string, value json.RawMessage) string {
	switch function {
	case pathInside, glob:
		return s.widenPath(path, value)
	case urlMatches, hostIn:
		return widenURL(path, value)
	case oneOf:
		if list := e.Operand(1); values(list) {
			return fmt.Sprintf("add %s to %v", value, list)
		}
	case sizeAtMost:
		var text string
		if json.Unmarshal(value, &text) != nil {
			return fmt.Sprintf("no size would do: %s is no text", path)
		}
		return fmt.Sprintf("write scope.size_at_most(%s, %d)", path, len(text))
	}
	return ""
}

func (s *examiner) widenPath(path string, value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return fmt.Sprintf("no path would do: %s is no text", path)
	}
	l, err := s.p.lexicon.split(text)
	if err != nil {
		return fmt.Sprintf("no rule can take this path in: it %v; the page has to send it resolved", err)
	}
	if len(l.parts) == 0 || l.root == "" {
		return fmt.Sprintf("no rule can take this path in: %s is no absolute path of a file", path)
	}
	dir := l.root + strings.Join(l.parts[:len(l.parts)-1], "/")
	return fmt.Sprintf("write an allow beside the rule with scope.path_inside(%s, %q), if all of that folder may be reached", path, dir)
}

func widenURL(path string, value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return fmt.Sprintf("no URL would do: %s is no text", path)
	}
	a, err := parseURL(text)
	switch {
	case err != nil:
		return fmt.Sprintf("no rule can take this URL in: it %v", err)
	case a.climbs:
		return "no rule for a part of its site can take this URL in: its path has a . or .. in it; the page has to send it resolved"
	case a.host == "":
		return fmt.Sprintf("no site would do: %s has no host", path)
	}
	return fmt.Sprintf("write an allow beside the rule with scope.url_matches(%q, %s), if all of that site may be reached", a.origin()+"/*", path)
}

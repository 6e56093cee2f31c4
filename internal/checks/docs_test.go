package checks

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
	code    = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
)

// prose is a document without its code, where brackets mean other things.
func prose(text string) string {
	return code.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
}

// Links to other files of the repository, and to headings in them, hold. Links
// to elsewhere are not followed: tests have no network.
func TestLinksInDocuments(t *testing.T) {
	for _, file := range files(t, ".md") {
		for _, m := range link.FindAllStringSubmatch(prose(read(t, file)), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			to := file
			if target != "" {
				to = path.Join(path.Dir(file), target)
			}
			if strings.HasPrefix(to, "..") {
				t.Errorf("%s links out of the repository: %s", file, m[1])
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
				t.Errorf("%s links to %s, which is not there", file, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, to)), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", file, m[1], to)
			}
		}
	}
}

// anchors are what GitHub makes of a document's headings.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		title := strings.ToLower(strings.ReplaceAll(m[1], "`", ""))
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return r
			}
			return -1
		}, title))
	}
	return all
}

// Every code that a page can see is explained, and none that does not exist.
func TestErrorCodesAreDocumented(t *testing.T) {
	inCode := map[string]bool{}
	for file, f := range parsed(t) {
		if path.Dir(file) != "core" || isTest(file) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Code" {
				for _, v := range spec.Values {
					if lit, ok := v.(*ast.BasicLit); ok {
						inCode[strings.Trim(lit.Value, `"`)] = true
					}
				}
			}
			return true
		})
	}
	if len(inCode) == 0 {
		t.Fatal("core declares no constant of type Code")
	}
	inDoc := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(read(t, "docs/errors.md"), -1) {
		inDoc[m[1]] = true
	}
	for c := range inCode {
		if !inDoc[c] {
			t.Errorf("docs/errors.md does not explain %s", c)
		}
	}
	for c := range inDoc {
		if !inCode[c] {
			t.Errorf("docs/errors.md explains %s, which is no code of core", c)
		}
	}
}

// Every module and npm package that is used directly has a sentence that says
// why, and none is listed that is no longer used.
func TestDependenciesAreJustified(t *testing.T) {
	var required []string
	for line := range strings.Lines(read(t, "go.mod") + read(t, "bench/peers/go.mod")) {
		if fields := strings.Fields(line); len(fields) >= 2 && strings.HasPrefix(fields[1], "v") {
			required = append(required, fields[0])
		}
	}
	used := map[string]bool{}
	for _, paths := range imports(t, func(string) bool { return true }) {
		for _, p := range paths {
			best := ""
			for _, m := range required {
				if within(p, m) && len(m) > len(best) {
					best = m
				}
			}
			if best != "" {
				used[best] = true
			}
		}
	}
	for line := range strings.Lines(read(t, "scripts/tools.mod")) {
		if tool, ok := strings.CutPrefix(strings.TrimSpace(line), "tool "); ok {
			used[tool] = true
		}
	}
	packages := regexp.MustCompile(`"([@a-z][^"]*)": "[0-9]`)
	for _, file := range files(t, "package.json") {
		_, listed, ok := strings.Cut(read(t, file), `ependencies": {`)
		if !ok {
			t.Fatalf("%s lists no dependencies", file)
		}
		for _, m := range packages.FindAllStringSubmatch(listed, -1) {
			used[m[1]] = true
		}
	}

	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| \\S").FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		listed[m[1]] = true
	}
	for name := range used {
		if !listed[name] {
			t.Errorf("docs/dependencies.md does not say why %s is used", name)
		}
	}
	for name := range listed {
		if !used[name] {
			t.Errorf("docs/dependencies.md justifies %s, which nothing here uses", name)
		}
	}
}

package checks

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	goTest     = regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z][A-Za-z0-9_]*)((?:/[A-Za-z0-9_,.'-]+)?)`)
	scriptTest = regexp.MustCompile("“([^”]+)” in `(sandbox-iframe/[^`]+\\.ts)`")
	claimRow   = regexp.MustCompile(`(?m)^\| \*\*(C\d+)\*\*[^|]*\|([^|]*)\|(.*)\|$`)
)

// The threat model names the tests that stand behind each claim, and so does what is
// promised of delivery. Each of them exists, and no claim is without.
func TestThreatModelNamesTests(t *testing.T) {
	tests := map[string]bool{}
	for file, f := range parsed(t) {
		if !isTest(file) {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				tests[fn.Name.Name] = true
			}
		}
	}
	text := read(t, "audits/threat-model.md")
	for file, text := range map[string]string{"audits/threat-model.md": text, "docs/delivery.md": read(t, "docs/delivery.md")} {
		for _, m := range goTest.FindAllStringSubmatch(text, -1) {
			if !tests[m[1]] {
				t.Errorf("%s names %s, which is not in the tree", file, m[1])
			}
		}
	}
	for _, m := range scriptTest.FindAllStringSubmatch(text, -1) {
		if source := read(t, m[2]); !strings.Contains(source, m[1]) {
			t.Errorf("audits/threat-model.md names “%s”, which is not in %s", m[1], m[2])
		}
	}
	rows := map[string]string{}
	for _, m := range claimRow.FindAllStringSubmatch(text, -1) {
		if rows[m[1]] != "" {
			t.Errorf("%s has two rows", m[1])
		}
		rows[m[1]] = m[3]
	}
	for n := 1; n <= 10; n++ {
		claim := fmt.Sprintf("C%d", n)
		if !goTest.MatchString(rows[claim]) && !scriptTest.MatchString(rows[claim]) {
			t.Errorf("claim %s names no test in audits/threat-model.md", claim)
		}
		delete(rows, claim)
	}
	for claim := range rows {
		t.Errorf("there is no claim %s", claim)
	}
}

// The tests in browsers say with each attack which claim it attacks. The
// threat model names them for no other, and leaves none out.
func TestBrowserTestsAttackWhatTheyAreNamedFor(t *testing.T) {
	claim := regexp.MustCompile(`^"(C\d+)[ "]`)
	attacked := map[string]map[string]bool{}
	for file, f := range parsed(t) {
		if !isTest(file) || path.Dir(file) != "internal/attacks" {
			continue
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") {
				continue
			}
			claims := map[string]bool{}
			ast.Inspect(fn, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && claim.MatchString(lit.Value) {
					claims[claim.FindStringSubmatch(lit.Value)[1]] = true
				}
				return true
			})
			attacked[fn.Name.Name] = claims
		}
	}
	if len(attacked) < 10 {
		t.Fatalf("found %d tests in internal/attacks", len(attacked))
	}
	named := map[string]bool{}
	for _, row := range claimRow.FindAllStringSubmatch(read(t, "audits/threat-model.md"), -1) {
		for _, m := range goTest.FindAllStringSubmatch(row[3], -1) {
			named[m[1]] = true
			if claims, ok := attacked[m[1]]; ok && !claims[row[1]] {
				t.Errorf("the threat model names %s for %s, which it does not attack", m[1], row[1])
			}
		}
	}
	for test, claims := range attacked {
		if len(claims) > 0 && !named[test] {
			t.Errorf("%s attacks claims, and the threat model does not name it", test)
		}
	}
}

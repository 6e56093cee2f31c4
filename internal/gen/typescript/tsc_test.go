package typescript

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// strictest are all switches of the compiler that ask more of a file.
var strictest = map[string]any{
	"strict": true, "noUncheckedIndexedAccess": true, "exactOptionalPropertyTypes": true, "noImplicitOverride": true,
	"noImplicitReturns": true, "noUnusedLocals": true, "noUnusedParameters": true, "noPropertyAccessFromIndexSignature": true,
	"verbatimModuleSyntax": true, "isolatedModules": true, "erasableSyntaxOnly": true,
}

// plainStrict is what most projects have.
var plainStrict = map[string]any{"strict": true}

// tsc compiles files against @sallyport/api, and returns what the compiler says:
// nothing if all is well.
func tsc(t *testing.T, options map[string]any, files map[string]string) string {
	t.Helper()
	frame, err := filepath.Abs(filepath.Join("..", "..", "..", "sandbox-iframe"))
	if err != nil {
		t.Fatal(err)
	}
	compiler := filepath.Join(frame, "node_modules", "typescript", "bin", "tsc")
	_, err = os.Stat(compiler)
	node := nodeOr(t, err)
	dir := t.TempDir()
	all := map[string]any{
		"target": "es2022", "lib": []string{"es2022", "dom"}, "module": "esnext", "moduleResolution": "bundler",
		"allowImportingTsExtensions": true, "noEmit": true, "types": []string{}, "skipLibCheck": true,
		"allowJs": true, "paths": map[string]any{"@sallyport/api": []string{filepath.Join(frame, "dist", "api.d.ts")}},
	}
	maps.Copy(all, options)
	config, err := json.Marshal(map[string]any{"compilerOptions": all, "files": slices.Sorted(maps.Keys(files))})
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "tsconfig.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), node, compiler, "-p", dir, "--pretty", "false")
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// nodeOr is the program of Node.js. A machine without it, or without the packages
// of sandbox-iframe, leaves the test out, unless SALLYPORT_REQUIRE_BROWSERS says
// that it has everything.
func nodeOr(t *testing.T, missing error) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err = errors.Join(err, missing); err == nil {
		return node
	}
	if os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
		t.Skipf("no Node.js, or no compiler of TypeScript (npm ci in sandbox-iframe): %v", err)
	}
	t.Fatal(err)
	return ""
}

func readFileText(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheCompilerTakesTheFileAndKnowsItsTypes(t *testing.T) {
	for _, test := range []struct {
		name    string
		options map[string]any
	}{{"with every switch", strictest}, {"with strict alone", plainStrict}} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"client.ts": readFileText(t, "testdata", "rich", "client.ts"), "use.ts": readFileText(t, "testdata", "rich", "use.ts")}
			if test.options["exactOptionalPropertyTypes"] != nil {
				files["exact.ts"] = readFileText(t, "testdata", "rich", "exact.ts")
			}
			if said := tsc(t, test.options, files); said != "" {
				t.Error(said)
			}
		})
	}
}

package policy

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"
)

// manyCapabilities is n files, of which the first holds for the window main.
func manyCapabilities(n int) fstest.MapFS {
	m := fstest.MapFS{}
	for i := range n {
		window := fmt.Sprintf("window-%d", i)
		if i == 0 {
			window = "main"
		}
		text := fmt.Sprintf(`# METADATA
# title: Capability %[1]d
# custom:
#   windows: [%[2]q, "shared-*"]
package capability.c%[1]d

import data.sallyport.scope

allow if input.command in {"c%[1]d.list", "c%[1]d.search"}

allow if {
	input.command == "c%[1]d.save"
	scope.glob("$APPDATA/c%[1]d/*.md", input.args.path)
}

allow if {
	input.command == "c%[1]d.save"
	scope.path_inside(input.args.path, "$APPDATA/c%[1]d/drafts")
}

deny contains "too large" if {
	input.command == "c%[1]d.save"
	input.args.size > 1000000
}

ask contains "Delete?" if input.command == "c%[1]d.delete"
`, i, window)
		m[fmt.Sprintf("c%d.rego", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		p, err := Load(manyCapabilities(n), testConfig())
		if err != nil {
			b.Fatal(err)
		}
		constant := call(b, "c0.list", `{}`)
		conditional := call(b, "c0.save", `{"path":"/home/u/.local/share/app/c0/a.md","size":12,"text":"hello"}`)
		run := func(name string, in Input, decide func(context.Context, Input) (Decision, error)) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if d, err := decide(context.Background(), in); err != nil || d.Effect != Allow {
						b.Fatal(d, err)
					}
				}
			})
		}
		run("constant", constant, p.Decide)
		run("residual", conditional, p.Decide)
		run("full", conditional, func(_ context.Context, in Input) (Decision, error) {
			effect, _, err := oracle(p, in)
			return Decision{Effect: effect}, err
		})
		run("prepare", conditional, func(ctx context.Context, in Input) (Decision, error) {
			p.named, p.hot = newCache(maxNamed), newHot()
			return p.Decide(ctx, in)
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 1000} {
		fsys := manyCapabilities(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Load(fsys, testConfig()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReload(b *testing.B) {
	for _, n := range []int{50, 1000} {
		fsys := manyCapabilities(n)
		p, err := Load(fsys, testConfig())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				text := string(manyCapabilities(1)["c0.rego"].Data) + fmt.Sprintf("# %d\n", i)
				fsys["c0.rego"] = &fstest.MapFile{Data: []byte(text)}
				if p, err = p.Reload(fsys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

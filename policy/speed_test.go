package policy

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/schema"
)

// fiveGlobs is a capability with a bound and five patterns for a path.
const fiveGlobs = `# METADATA
# custom:
#   windows: [main]
package capability.notes

import data.sallyport.scope

allow if {
	input.command == "notes.save"
	input.args.size <= 1000000
	some pattern in ["$APPDATA/notes/*.md", "$APPDATA/drafts/**/*.md", "$APPDATA/img/*.png", "$HOME/Documents/*/[a-z]*.md", "$APPDATA/**/final/?.md"]
	scope.glob(pattern, input.args.path)
}
`

// byHand is the same policy as a Go program would have it: a map and five patterns.
type byHand struct {
	lexicon *lexicon
	grants  map[key]byHandGrant
}

type byHandGrant struct {
	patterns []pattern
	texts    []string
	most     int64
}

func newByHand(t testing.TB) *byHand {
	x, err := newLexicon("linux", testConfig().Variables)
	if err != nil {
		t.Fatal(err)
	}
	g := byHandGrant{most: 1000000, texts: []string{"$APPDATA/notes/*.md", "$APPDATA/drafts/**/*.md", "$APPDATA/img/*.png", "$HOME/Documents/*/[a-z]*.md", "$APPDATA/**/final/?.md"}}
	for _, text := range g.texts {
		p, err := x.pattern(text)
		if err != nil {
			t.Fatal(err)
		}
		g.patterns = append(g.patterns, p)
	}
	return &byHand{x, map[key]byHandGrant{{window: "main", origin: "http://main-1.localhost:4000", command: "notes.save", platform: "linux", local: true}: g}}
}

func (h *byHand) allows(in Input) bool {
	g, ok := h.grants[*in.key()]
	if !ok || in.Args == nil {
		return false
	}
	size, ok := in.Args.Field("size")
	if !ok {
		return false
	}
	if n, err := size.Number().Int64(); err != nil || n > g.most {
		return false
	}
	path, ok := in.Args.Field("path")
	if !ok || path.Kind() != schema.String {
		return false
	}
	text := path.Text()
	p, err := h.lexicon.split(text)
	if err != nil {
		return false
	}
	for i, pattern := range g.patterns {
		if h.lexicon.fits(pattern, g.texts[i], p, text) == inside {
			return true
		}
	}
	return false
}

func fiveGlobsCall(t testing.TB, path string) Input {
	in := call(t, "notes.save", `{"path":"`+path+`","size":1200,"text":"hello"}`)
	in.Platform = "linux"
	return in
}

// BenchmarkFiveGlobs compares a decision with the same check by hand. The ratio is to stay
// below 2.
func BenchmarkFiveGlobs(b *testing.B) {
	p, err := Load(files(fiveGlobs), testConfig())
	if err != nil {
		b.Fatal(err)
	}
	interpreted, err := Load(files(fiveGlobs), testConfig())
	if err != nil {
		b.Fatal(err)
	}
	interpreted.interpreted = true
	hand := newByHand(b)
	for name, path := range map[string]string{"first": "/home/u/.local/share/app/notes/a.md", "last": "/home/u/.local/share/app/x/y/final/a.md", "none": "/home/u/.local/share/app/x/y/final/ab.md"} {
		in := fiveGlobsCall(b, path)
		allowed := name != "none"
		run := func(variant string, allows func() bool) {
			b.Run(variant+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if allows() != allowed {
						b.Fatal("wrong answer")
					}
				}
			})
		}
		by := func(p *Policy) func() bool {
			return func() bool {
				d, err := p.Decide(context.Background(), in)
				return err == nil && d.Effect == Allow
			}
		}
		run("closures", by(p))
		run("map", func() bool { return hand.allows(in) })
		run("topdown", by(interpreted))
	}
}

package policy

import (
	"context"
	"testing"
)

func TestStatsCountWhatIsPrepared(t *testing.T) {
	p := load(t, head+`
allow if input.command == "always"

allow if { input.command == "closure"; scope.glob("$HOME/*", input.args.path) }

allow if { input.command == "opa"; walk(input.args, [_, "x"]) }
`)
	if got, want := p.Stats(), (Stats{Capabilities: 1}); got != want {
		t.Errorf("before a call: %+v, want %+v", got, want)
	}
	for range 3 {
		for _, command := range []string{"always", "closure", "opa", "unknown"} {
			if _, err := p.Decide(context.Background(), call(t, command, `{}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := p.Stats(), (Stats{Capabilities: 1, Prepared: 3, Conditional: 2, ByOPA: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

package policy

import (
	"context"
	"maps"
	"testing"
	"testing/fstest"
)

func TestReloadCompilesAndPreparesWhatChanged(t *testing.T) {
	fsys := manyCapabilities(4)
	old, err := Load(fsys, testConfig())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(p *Policy, command string) Decision {
		d, err := p.Decide(context.Background(), call(t, command, `{}`))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ask(old, "c0.list")
	ask(old, "c1.list")

	changed := maps.Clone(fsys)
	changed["c1.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# custom:\n#   windows: [main]\npackage capability.c1\n\nallow if input.command == \"c1.list\"\n")}
	next, err := old.Reload(changed)
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i, u := range next.units {
		if u == old.units[i] {
			same++
		}
	}
	if same != 3 {
		t.Errorf("%d of 4 capabilities were taken over, want the 3 that did not change", same)
	}
	for command, want := range map[string]bool{"c0.list": true, "c1.list": false} {
		k := &key{"main", call(t, "x", `{}`).Origin, command, "", "linux", true}
		if got := next.named.get(k) != nil; got != want {
			t.Errorf("%s is prepared already: %v", command, got)
		}
	}
	for command, want := range map[string]Effect{"c0.list": Allow, "c1.list": Allow, "c2.list": Deny} {
		if d := ask(next, command); d.Effect != want || d.Revision != next.Revision() {
			t.Errorf("%s: %s under %s, want %v under %s", command, show(d, nil), d.Revision, want, next.Revision())
		}
	}
	if d := ask(old, "c1.list"); d.Effect != Deny || d.Revision != old.Revision() {
		t.Errorf("the old policy changed: %s under %s", show(d, nil), d.Revision)
	}
}

func TestReloadAppliesMetadataThatChangedAlone(t *testing.T) {
	text := "# METADATA\n# custom:\n#   windows: [main]\npackage capability.notes\n\nallow if input.command == \"x\"\n"
	p := load(t, text)
	if d, err := p.Decide(context.Background(), call(t, "x", `{}`)); err != nil || d.Effect != Allow {
		t.Fatal(show(d, err))
	}
	next, err := p.Reload(files("# METADATA\n# custom:\n#   windows: []\n" + text[len("# METADATA\n# custom:\n#   windows: [main]\n"):]))
	if err != nil {
		t.Fatal(err)
	}
	if d, err := next.Decide(context.Background(), call(t, "x", `{}`)); err != nil || d.Effect != Deny {
		t.Error(show(d, err))
	}
}

func TestReloadTakesOverNothingThatIsDistrusted(t *testing.T) {
	fsys := manyCapabilities(2)
	p, err := Load(fsys, testConfig())
	if err != nil {
		t.Fatal(err)
	}
	in := call(t, "c0.list", `{}`)
	in.Platform = "linux"
	e, err := p.entry(context.Background(), in.key(), in.Time)
	if err != nil {
		t.Fatal(err)
	}
	wrong := &entry{candidates: e.candidates, tried: e.tried, decision: Decision{Effect: Ask}, varies: true}
	p.named.put(in.key(), wrong)
	p.hot = newHot()
	if _, err := p.Decide(context.Background(), in); err == nil || !p.Distrusted() {
		t.Fatal("the wrong entry was not found out")
	}
	changed := maps.Clone(fsys)
	changed["c1.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# custom:\n#   windows: [main]\npackage capability.c1\n")}
	next, err := p.Reload(changed)
	if err != nil {
		t.Fatal(err)
	}
	if next.named.get(in.key()) == wrong {
		t.Error("the next revision has the wrong entry and trusts it")
	}
}

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// nextToNothing is every case's shape with hardly any decisions.
func nextToNothing(peers bool) policyEffort {
	return policyEffort{
		cases:  []policyCase{{"10", 10, false}, {"12", 12, peers}},
		rounds: 2, round: time.Microsecond, loads: 1,
	}
}

func TestPolicyMeasuresEveryVariant(t *testing.T) {
	var said strings.Builder
	report, err := measurePolicy(t.Context(), nextToNothing(true), FindPeers(".", &said), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if !report.Peers.Measured {
		t.Fatalf("this is a checkout, and its peers were not measured: %s\n%s", report.Peers.Reason, said.String())
	}
	local := []string{"sallyport", "sallyport-unconditional", "sallyport-topdown", "map"}
	want := map[string][]string{"10": local, "12": append(slices.Clone(local), "opa", "cedar", "casbin")}
	for name, variants := range want {
		var got []string
		base := 0.0
		for _, row := range report.Rows {
			if row.Case == name && row.Variant == "map" {
				base = row.NsPerOp
			}
		}
		for _, row := range report.Rows {
			if row.Case != name {
				continue
			}
			got = append(got, row.Variant)
			if row.Variant == "sallyport-topdown" && row.AllocsPerOp < 20 {
				t.Errorf("what should be OPA's own evaluation makes %v allocations", row.AllocsPerOp)
			}
			if row.NsPerOp <= 0 || row.P50 <= 0 || row.P95 < row.P50 || row.PerSecond <= 0 || math.Abs(row.Ratio-row.NsPerOp/base) > 1e-9 {
				t.Errorf("a row without figures: %+v", row)
			}
		}
		if !slices.Equal(got, variants) {
			t.Errorf("case %s has the rows %v, want %v", name, got, variants)
		}
	}
	var setup []string
	for _, s := range report.Setup {
		setup = append(setup, s.Case+" "+s.Variant)
		if s.LoadMs <= 0 || s.Variant == "sallyport" && (s.ReloadMs <= 0 || s.FirstDecisionUs <= 0 || s.EntryBytes <= 0) {
			t.Errorf("a setup without figures: %+v", s)
		}
	}
	if want := []string{"10 sallyport", "12 sallyport", "12 opa", "12 cedar", "12 casbin"}; !slices.Equal(setup, want) {
		t.Errorf("setup of %v, want %v", setup, want)
	}
}

func TestPolicyWithoutACheckoutSaysSo(t *testing.T) {
	report, err := measurePolicy(t.Context(), nextToNothing(true), FindPeers(t.TempDir(), io.Discard), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"peers":{"measured":false,"reason":"there is no bench/peers in `)) {
		t.Errorf("the JSON does not say that peers are missing: %s", text)
	}
	if len(report.Rows) != 8 {
		t.Errorf("%d rows, want 4 of each case: %+v", len(report.Rows), report.Rows)
	}
}

// Each check must be able to find a contender out: one that errs on it alone
// is refused.
func TestAWrongVerdictOnAnyCheckIsAnError(t *testing.T) {
	w := newWorkload(12)
	for i, c := range w.Checks {
		m := newHandMap(w)
		liar, err := newLocal(w.Hot, func(q *question) (bool, error) {
			right, err := m.decide(q)
			return right != (q.call == c), err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := agree("liar", liar, w.Checks); err == nil || !strings.Contains(err.Error(), "liar: ") || !strings.Contains(err.Error(), fmt.Sprintf("%q", c.Path)) {
			t.Errorf("check %d, %+v: a wrong verdict gave %v", i, c, err)
		}
	}
	honest, err := newLocal(w.Hot, newHandMap(w).decide)
	if err != nil {
		t.Fatal(err)
	}
	if err := agree("map", honest, w.Checks); err != nil {
		t.Error(err)
	}
}

// What is timed must be what was asked: a contender that denies while it is
// timed would look fast.
func TestADenialWhileTimedIsAnError(t *testing.T) {
	w := newWorkload(12)
	l, err := newLocal(w.Hot, func(q *question) (bool, error) { return q.call != w.Hot[7], nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.round(7); err != nil {
		t.Error(err)
	}
	if _, err := l.round(1); err == nil || !strings.Contains(err.Error(), w.Hot[7].Command) {
		t.Errorf("a denial gave %v", err)
	}
}

const pretender = `package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	fmt.Println(%q)
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return
		case strings.HasPrefix(line, "{\"load\""):
			fmt.Println("{\"loaded\":[{\"variant\":\"opa\",\"load_ms\":1}]}")
		case strings.Contains(line, "\"calls\""):
			fmt.Println(%q)
		default:
			fmt.Println(%q)
		}
	}
}
`

// program writes a bench/peers that says these lines, and returns its checkout.
func program(t *testing.T, hello, verdicts string) string {
	t.Helper()
	return timedProgram(t, hello, verdicts, `{"cost":{"ns":1000}}`)
}

func timedProgram(t *testing.T, hello, verdicts, cost string) string {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "bench", "peers")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": peersModule + "\ngo 1.26\n", "main.go": fmt.Sprintf(pretender, hello, verdicts, cost)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAPeerThatDoesNotKeepToItIsAnError(t *testing.T) {
	checks := newWorkload(12).Checks
	var right []string
	for _, c := range checks {
		right = append(right, fmt.Sprint(c.Allowed))
	}
	wrong := slices.Clone(right)
	wrong[len(wrong)-1] = "true"
	verdicts := func(of []string) string { return `{"verdicts":[` + strings.Join(of, ",") + `]}` }
	for _, test := range []struct {
		name, answer, cost, want string
	}{
		{"another verdict than the others'", verdicts(wrong), `{"cost":{"ns":1000}}`, "opa: allows "},
		{"a verdict too few", verdicts(right[1:]), `{"cost":{"ns":1000}}`, "verdicts on"},
		{"an error", `{"error":"no idea"}`, "", "no idea"},
		{"no JSON", `panic: at the disco`, "", "no JSON"},
		{"nothing measured", verdicts(right), `{"cost":{"ns":0}}`, "measured nothing"},
		{"an error while it is timed", verdicts(right), `{"error":"denied"}`, "denied"},
		{"the right ones", verdicts(right), `{"cost":{"ns":1000}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := timedProgram(t, `{"ready":true}`, test.answer, test.cost)
			report, err := measurePolicy(t.Context(), nextToNothing(true), FindPeers(filepath.Join(dir, "bench"), t.Output()), nil)
			switch {
			case test.want == "" && (err != nil || !report.Peers.Measured):
				t.Errorf("got %v, %+v", err, report.Peers)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got error %v, want one about %q", err, test.want)
			}
		})
	}
}

func TestPeersThatCannotStartAreUnavailable(t *testing.T) {
	other := program(t, `{"ready":true}`, "")
	if err := os.WriteFile(filepath.Join(other, "bench", "peers", "go.mod"), []byte("module example.com/other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := program(t, `{"ready":true}`, "")
	if err := os.WriteFile(filepath.Join(broken, "bench", "peers", "main.go"), []byte("package main\n\nfunc main() { nothing }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, dir, want string
	}{
		{"a module of another name", other, "there is no bench/peers"},
		{"a program that does not build", broken, "did not come to its first line"},
		{"a program that says something else first", program(t, `{"ready":false}`, ""), "did not come to its first line"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var said strings.Builder
			process, err := FindPeers(test.dir, &said).start(t.Context())
			unavailable, ok := errors.AsType[*PeersUnavailable](err)
			if process != nil || !ok || !strings.Contains(unavailable.Reason, test.want) {
				t.Errorf("got %v, want a reason with %q", err, test.want)
			}
			if test.dir == broken && !strings.Contains(said.String(), "undefined: nothing") {
				t.Errorf("what the go command said is not passed on: %q", said.String())
			}
		})
	}
	t.Run("no go command", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := FindPeers(".", io.Discard).start(t.Context()); err == nil || !strings.Contains(err.Error(), "go command") {
			t.Errorf("got %v", err)
		}
	})
}

func TestPolicyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := measurePolicy(ctx, nextToNothing(false), FindPeers(t.TempDir(), io.Discard), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

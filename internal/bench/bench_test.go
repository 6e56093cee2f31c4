package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
)

// TestPipelineMeasuresEveryStage runs one round: each call must be answered
// without a refusal, or there is nothing to measure.
func TestPipelineMeasuresEveryStage(t *testing.T) {
	found, err := load{name: "200B", bytes: 200, judge: true, rounds: 1, perRound: 50}.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	variants := map[string]Row{}
	for _, row := range found {
		if row.Case != "200B" || row.P50 <= 0 || row.NsPerOp <= 0 || row.Ratio <= 0 {
			t.Errorf("a row without figures: %+v", row)
		}
		variants[row.Variant] = row
	}
	for _, name := range []string{"sallyport", "floor", "judge-only", "stage:open", "stage:parse", "stage:schema", "stage:policy", "stage:record", "stage:handler", "stage:output", "stage:seal", "stage:rest"} {
		if _, ok := variants[name]; !ok {
			t.Errorf("no row %s in %v", name, variants)
		}
	}
	if r := variants["floor"].Ratio; r != 1 {
		t.Errorf("the floor's ratio to itself is %v", r)
	}
	if s, f := variants["sallyport"], variants["floor"]; math.Abs(s.Ratio-s.NsPerOp/f.NsPerOp) > 1e-9 {
		t.Errorf("ratio %v of %v to %v ns", s.Ratio, s.NsPerOp, f.NsPerOp)
	}
}

func TestStagesAddUpToTheCall(t *testing.T) {
	const calls, seals = 20 * time.Microsecond, 2 * time.Microsecond
	outcomes := []audits.Stages{
		{Open: 1000, Parse: 2000, Schema: 3000, Policy: 1000, Record: 1000, Handler: 1000, Output: 1000},
		{Open: 1000},
	}
	stages := stagesOf([]time.Duration{calls, calls}, outcomes, []time.Duration{seals, seals})
	for i, rest := range []time.Duration{8000, 17000} {
		var sum time.Duration
		for _, s := range stages {
			sum += s.each[i]
		}
		if last := stages[len(stages)-1]; sum != calls || last.name != "rest" || last.each[i] != rest {
			t.Errorf("call %d: the stages come to %v, of which %s %v; want %v, of which rest %v", i, sum, last.name, last.each[i], calls, rest)
		}
	}
}

func TestRatiosAreToThePlainVariantOfTheSameCase(t *testing.T) {
	var f findings
	for _, r := range []struct {
		name, variant string
		p50           float64
	}{
		{"100B", "isolated", 800}, {"100B", "websocket", 400}, {"100B", "tauri-like", 2000},
		{"1KiB", "isolated", 900}, {"1KiB", "websocket", 300}, {"1KiB", "isolated:series", 800}, {"1KiB", "websocket:series", 200},
	} {
		f.Rows = append(f.Rows, finding{Case: r.name, Variant: r.variant, P50: r.p50})
	}
	want := map[string]float64{
		"100B isolated": 2, "100B websocket": 1, "100B tauri-like": 5,
		"1KiB isolated": 3, "1KiB websocket": 1, "1KiB isolated:series": 4, "1KiB websocket:series": 1,
	}
	for _, row := range browserReport(f).Rows {
		if ratio, ok := want[row.Case+" "+row.Variant]; ok && row.Ratio != ratio {
			t.Errorf("%s %s has ratio %v, want %v", row.Case, row.Variant, row.Ratio, ratio)
		}
	}
}

func TestFirstCallsAreThoseOfSeveralDocuments(t *testing.T) {
	f := findings{firsts: []first{{200e3, 400e3}, {50e3, 110e3}, {40e3, 100e3}}}
	want := []Row{
		{Case: "first-call", Variant: "since-script", NsPerOp: 50e6, P50: 50e3, P95: 200e3},
		{Case: "first-call", Variant: "since-navigation", NsPerOp: 110e6, P50: 110e3, P95: 400e3},
	}
	if got := browserReport(f).Rows; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestArgumentsHaveTheirSize(t *testing.T) {
	for _, n := range []int{200, 1 << 10, 16 << 10} {
		if got := len(rowsOf(n)); got < n || got > n+60 {
			t.Errorf("arguments of about %d bytes have %d", n, got)
		}
	}
}

func TestPercentile(t *testing.T) {
	times := []time.Duration{4000, 1000, 3000, 2000, 5000}
	for p, want := range map[float64]float64{0: 1, 0.5: 3, 0.95: 5, 1: 5} {
		if got := percentile(times, p); got != want {
			t.Errorf("percentile %v is %v µs, want %v", p, got, want)
		}
	}
	if percentile(nil, 0.5) != 0 || median(nil) != 0 {
		t.Error("nothing measured is not 0")
	}
}

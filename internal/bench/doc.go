// Package bench measures Sallyport on the machine it runs on: the pipeline
// against the floor under it, and a call from a real page against a plain
// WebSocket from the same page. Ratios within one run mean more than figures
// across runs.
package bench

import (
	"math"
	"slices"
	"time"
)

// A Report is what one benchmark measured.
type Report struct {
	Name string `json:"name"`
	Rows []Row  `json:"rows"`

	Setup []Setup `json:"setup,omitempty"` // of the policy: what comes before the first decision
	Peers *Peers  `json:"peers,omitempty"` // of the policy: other engines
}

// A Setup is what one variant of one case costs before and beside decisions.
// Fields that a variant has no figure for are zero.
type Setup struct {
	Case            string  `json:"case"`
	Variant         string  `json:"variant"`
	LoadMs          float64 `json:"load_ms"`           // from text to the first possible decision, nothing kept from before
	ReloadMs        float64 `json:"reload_ms"`         // after a change of one file
	FirstDecisionUs float64 `json:"first_decision_us"` // of a window and command that was never asked about
	EntryBytes      float64 `json:"entry_bytes"`       // of heap, kept for each of those
}

// Peers says whether other engines were measured too.
type Peers struct {
	Measured bool   `json:"measured"`
	Reason   string `json:"reason,omitempty"` // why not
}

// A Row is one variant of one case. Fields that a variant has no figure for
// are zero; Ratio is to the case's floor or plain variant, 1 for that itself.
type Row struct {
	Case        string  `json:"case"`
	Variant     string  `json:"variant"`
	NsPerOp     float64 `json:"ns_per_op"`
	AllocsPerOp float64 `json:"allocs_per_op"`
	BytesPerOp  float64 `json:"bytes_per_op"`
	P50         float64 `json:"p50_us"`
	P95         float64 `json:"p95_us"`
	P99         float64 `json:"p99_us"`
	PerSecond   float64 `json:"per_second"`
	MBPerSecond float64 `json:"mb_per_second"` // of a stream: millions of bytes
	Missed      int     `json:"missed"`        // events that were dropped
	Ratio       float64 `json:"ratio"`
}

// percentile of sorted or unsorted durations, in microseconds; 0 of none.
func percentile(of []time.Duration, p float64) float64 {
	ns := make([]float64, len(of))
	for i, d := range of {
		ns[i] = float64(d.Nanoseconds())
	}
	return nearest(ns, p) / 1e3
}

// nearest is a percentile of figures; 0 of none. Of a few the nearest counts,
// so that the 95th of them is the longest.
func nearest(of []float64, p float64) float64 {
	if len(of) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(of))[int(math.Round(p*float64(len(of)-1)))]
}

// median of figures; 0 of none.
func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(of))[len(of)/2]
}

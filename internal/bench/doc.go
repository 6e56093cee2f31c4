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
}

// A Row is one variant of one case. Fields that a variant has no figure for
// are zero; Ratio is to the case's floor or plain variant, 1 for that itself.
type Row struct {
	Case        string  `json:"case"`
	Variant     string  `json:"variant"`
	NsPerOp     float64 `json:"ns_per_op"`
	AllocsPerOp float64 `json:"allocs_per_op"`
	P50         float64 `json:"p50_us"`
	P95         float64 `json:"p95_us"`
	PerSecond   float64 `json:"per_second"`
	Ratio       float64 `json:"ratio"`
}

// percentile of sorted or unsorted durations, in microseconds; 0 of none. Of a
// few the nearest counts, so that the 95th of them is the longest.
func percentile(of []time.Duration, p float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return float64(sorted[int(math.Round(p*float64(len(sorted)-1)))].Nanoseconds()) / 1e3
}

// median of figures; 0 of none.
func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(of))[len(of)/2]
}

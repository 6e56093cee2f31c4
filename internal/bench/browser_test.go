package bench

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/browser"
)

// TestBrowserMeasuresEveryCase runs the whole benchmark with next to no effort
// in real browsers, and reads its JSON as a script would. A machine without a
// browser can't; where browsers are promised, SALLYPORT_REQUIRE_BROWSERS makes
// that a failure.
func TestBrowserMeasuresEveryCase(t *testing.T) {
	for _, name := range []string{browser.Chromium, browser.Firefox} {
		t.Run(name, func(t *testing.T) {
			b, err := browser.Find(name)
			if errors.Is(err, browser.ErrNotFound) && os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			report, err := measureBrowser(ctx, b, little(fullEffort()), nil)
			if err != nil {
				t.Fatal(err)
			}
			keepsTheContract(t, report)
		})
	}
}

// little is the same cases with a few calls of each.
func little(e effort) effort {
	e.Documents, e.Rounds, e.Floods = 2, 1, 1
	for i := range e.Payloads {
		p := &e.Payloads[i]
		p.Calls, p.TauriLike, p.Flood = 3, min(p.TauriLike, 1), min(p.Flood, e.UnderWay)
	}
	for i := range e.Streams {
		e.Streams[i].Bytes, e.Streams[i].Rounds = 4<<20, 1
	}
	for i := range e.Events {
		e.Events[i].ticking = ticking{200, 1000}
	}
	return e
}

// keepsTheContract checks what scripts rely on: the names of all fields, the
// cases with their variants, and which figures a row has.
func keepsTheContract(t *testing.T, r Report) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Name string
		Rows []map[string]any
	}
	if err := json.Unmarshal(text, &report); err != nil || report.Name != "browser" {
		t.Fatalf("%v in %s", err, text)
	}
	rows := map[string]map[string]any{}
	for _, row := range report.Rows {
		if fields := slices.Sorted(maps.Keys(row)); !slices.Equal(fields, []string{"allocs_per_op", "bytes_per_op", "case", "mb_per_second", "missed", "ns_per_op", "p50_us", "p95_us", "p99_us", "per_second", "ratio", "variant"}) {
			t.Errorf("a row has the fields %v", fields)
		}
		rows[row["case"].(string)+" "+row["variant"].(string)] = row
	}
	for _, variant := range []string{"since-script", "since-navigation"} {
		if row := rows["first-call "+variant]; row == nil || row["p50_us"].(float64) <= 0 || row["p95_us"].(float64) < row["p50_us"].(float64) {
			t.Errorf("first-call %s: %v", variant, row)
		}
	}
	series := []string{"100B", "1KiB", "100KiB", "1MiB", "raw-1MiB"}
	for _, c := range []struct {
		name, variants string
		rate           string // the figure that says how many a second, if there is one
	}{
		{"100B", "isolated websocket tauri-like", "per_second"},
		{"1KiB", "isolated websocket tauri-like", "per_second"},
		{"100KiB", "isolated websocket", "per_second"},
		{"1MiB", "isolated websocket", ""},
		{"raw-1MiB", "isolated websocket tauri-like", ""},
		{"stream-64MiB", "isolated websocket", "mb_per_second"},
		{"events", "isolated websocket", "per_second"},
	} {
		plain := rows[c.name+" websocket"]
		if plain == nil || plain["ratio"] != 1.0 {
			t.Errorf("%s websocket: %v", c.name, plain)
			continue
		}
		for variant := range strings.FieldsSeq(c.variants) {
			row := rows[c.name+" "+variant]
			if row == nil {
				t.Errorf("%s %s is not there: %s", c.name, variant, text)
				continue
			}
			for _, field := range []string{"ns_per_op", "p50_us", "p95_us", "p99_us", "per_second", "mb_per_second", "ratio"} {
				want := !strings.HasSuffix(field, "_second") || field == c.rate && variant != "tauri-like"
				if v, ok := row[field].(float64); !ok || (v > 0) != want {
					t.Errorf("%s %s: %s is %v", c.name, variant, field, row[field])
				}
			}
			if ratio := row["p50_us"].(float64) / plain["p50_us"].(float64); math.Abs(row["ratio"].(float64)-ratio) > 1e-9 {
				t.Errorf("%s %s: the ratio is %v, want %v", c.name, variant, row["ratio"], ratio)
			}
			if row := rows[c.name+" "+variant+":series"]; slices.Contains(series, c.name) && variant != "tauri-like" && (row == nil || row["p50_us"].(float64) <= 0 || row["ratio"].(float64) <= 0) {
				t.Errorf("%s %s:series: %v", c.name, variant, row)
			}
		}
	}
}

package bench

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/sallyport/sallyport/isolation"
)

// An effort is what the page measures, and how often.
type effort struct {
	Socket    string              `json:"socket"` // of the plain variant
	Tauri     tauriPage           `json:"tauri"`
	Pair      map[string][]string `json:"pair"`     // the variants that take turns, by kind of payload
	Documents int                 `json:"-"`        // loaded one after the other, each for its first call
	Rounds    int                 `json:"rounds"`   // of single calls, in turns call by call, and as many with the variants in turns
	Floods    int                 `json:"floods"`   // the same of calls that are under way together
	UnderWay  int                 `json:"underWay"` // of those
	Payloads  []payload           `json:"payloads"`
	Streams   []stream            `json:"streams"`
	Events    []events            `json:"events"`

	EventVariants []string `json:"eventVariants"`
}

// A payload is a case: arguments of one size.
type payload struct {
	Case      string `json:"case"`
	Kind      string `json:"kind"` // json or raw
	Bytes     int    `json:"bytes"`
	Calls     int    `json:"calls"`     // of each variant of the pair in each round
	TauriLike int    `json:"tauriLike"` // of the Tauri-like variant in each round
	Flood     int    `json:"flood"`     // calls in each flood
}

// A stream is a case: bytes from the core to the page.
type stream struct {
	Case   string `json:"case"`
	Bytes  int    `json:"bytes"`
	Rounds int    `json:"rounds"` // of one of each variant
}

// Events are a case: those that the core emits in so many a second.
type events struct {
	Case string `json:"case"`
	ticking
}

// fullEffort takes a minute on a busy machine with two cores.
func fullEffort() effort {
	return effort{
		Pair:      map[string][]string{"json": {"isolated", "websocket"}, "raw": {"isolated", "websocket"}},
		Documents: 9, Rounds: 6, Floods: 3, UnderWay: 64,
		Payloads: []payload{
			{"100B", "json", 100, 150, 25, 6000},
			{"1KiB", "json", 1 << 10, 150, 25, 4000},
			{"100KiB", "json", 100 << 10, 25, 0, 200},
			{"1MiB", "json", 1 << 20, 6, 0, 0},
			{"raw-1MiB", "raw", 1 << 20, 6, 1, 0},
		},
		Streams:       []stream{{"stream-64MiB", 64 << 20, 5}},
		Events:        []events{{"events", ticking{200_000, 100_000}}},
		EventVariants: []string{"isolated", "websocket"},
	}
}

// policy lets the page reach the servers of the other variants, and write the
// document of the Tauri-like frame.
func (e effort) policy() isolation.PagePolicy {
	return isolation.PagePolicy{ConnectSrc: []string{e.Socket, e.Tauri.URL}, TrustedTypes: []string{"bench"}}
}

// page is the page's folder with the effort put in.
func (e effort) page() (fs.FS, error) {
	text, err := json.Marshal(e) // which escapes what could end the element
	if err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	for _, name := range []string{"index.html", "bench.js", "flow.js", "plain.js", "tauri.js"} {
		data, err := page.ReadFile("page/" + name)
		if err != nil {
			return nil, err
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	index := files["index.html"]
	index.Data = []byte(strings.Replace(string(index.Data), "EFFORT", string(text), 1))
	return files, nil
}

package bench

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing/fstest"
)

// An effort is what the page measures, and how often.
type effort struct {
	Socket    string    `json:"socket"`   // of the plain variant
	Documents int       `json:"-"`        // loaded one after the other, each for its first call
	Rounds    int       `json:"rounds"`   // of single calls, in turns call by call, and as many with the variants in turns
	Floods    int       `json:"floods"`   // the same of calls that are under way together
	UnderWay  int       `json:"underWay"` // of those
	Payloads  []payload `json:"payloads"`
}

// A payload is a case: arguments of one size.
type payload struct {
	Case  string `json:"case"`
	Bytes int    `json:"bytes"`
	Calls int    `json:"calls"` // of each variant in each round
	Flood int    `json:"flood"` // calls in each flood
}

// fullEffort takes half a minute on a busy machine with two cores.
func fullEffort() effort {
	return effort{Documents: 9, Rounds: 6, Floods: 3, UnderWay: 64, Payloads: []payload{
		{"100B", 100, 150, 6000},
		{"1KiB", 1 << 10, 150, 4000},
		{"100KiB", 100 << 10, 25, 200},
	}}
}

// page is the page's folder with the effort put in.
func (e effort) page() (fs.FS, error) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, err
	}
	script, err := fs.ReadFile(files, "bench.js")
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(e) // which escapes what could end the element
	if err != nil {
		return nil, err
	}
	return fstest.MapFS{
		"index.html": {Data: []byte(strings.Replace(string(index), "EFFORT", string(text), 1))},
		"bench.js":   {Data: script},
	}, nil
}

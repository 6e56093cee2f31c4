package soak

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A census counts the objects of a page or frame by what they are: instances by
// constructor, functions by name, and strings.
type census map[string]int

// takeCensus counts what a heap snapshot has, which is what can be reached.
func (s *stage) takeCensus(session string) (census, error) {
	s.mu.Lock()
	s.chunks[session] = &strings.Builder{}
	s.mu.Unlock()
	err := s.tools.call(session, "HeapProfiler.takeHeapSnapshot", object{"reportProgress": false}, nil)
	s.mu.Lock()
	text := s.chunks[session].String() // all came before the answer
	delete(s.chunks, session)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return readSnapshot(text)
}

// hearChunk takes a part of a snapshot. Called with mu held.
func (s *stage) hearChunk(session, chunk string) {
	if to := s.chunks[session]; to != nil {
		to.WriteString(chunk)
	}
}

func readSnapshot(text string) (census, error) {
	var shot struct {
		Snapshot struct {
			Meta struct {
				Fields []string          `json:"node_fields"`
				Types  []json.RawMessage `json:"node_types"`
			} `json:"meta"`
		} `json:"snapshot"`
		Nodes   []int    `json:"nodes"`
		Strings []string `json:"strings"`
	}
	if err := json.Unmarshal([]byte(text), &shot); err != nil {
		return nil, fmt.Errorf("heap snapshot: %w", err)
	}
	meta := shot.Snapshot.Meta
	at, name := slices.Index(meta.Fields, "type"), slices.Index(meta.Fields, "name")
	var types []string
	if at < 0 || name < 0 || at >= len(meta.Types) || json.Unmarshal(meta.Types[at], &types) != nil || len(shot.Nodes) == 0 {
		return nil, fmt.Errorf("heap snapshot: nodes have the fields %q, and there are %d numbers", meta.Fields, len(shot.Nodes))
	}
	c := census{}
	for node := range slices.Chunk(shot.Nodes, len(meta.Fields)) {
		switch kind := types[node[at]]; kind {
		case "object", "closure", "native":
			if what := shot.Strings[node[name]]; !strings.Contains(what, "Timing") { // the browser's own, some hundreds of each
				c[kind+" "+what]++
			}
		case "string", "concatenated string", "sliced string":
			c["strings"]++
		}
	}
	return c, nil
}

// growth is what there is more of than before, the most first.
func (c census) growth(before census) (names []string, by map[string]int) {
	by = map[string]int{}
	for name, n := range c {
		if n > before[name] {
			by[name] = n - before[name]
		}
	}
	return slices.SortedFunc(maps.Keys(by), func(a, b string) int { return by[b] - by[a] }), by
}

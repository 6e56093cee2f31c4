package bench

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
)

// rowsSchema takes a list of small records, the common shape of a call.
const rowsSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["rows"],
	"properties": {"rows": {"type": "array", "maxItems": 1000000, "items": {
		"type": "object", "additionalProperties": false, "required": ["id", "name", "done"],
		"properties": {
			"id": {"type": "integer", "minimum": 0},
			"name": {"type": "string", "maxLength": 64},
			"done": {"type": "boolean"}
		}
	}}}
}`

const countSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["count"],
	"properties": {"count": {"type": "integer", "minimum": 0}}
}`

const textSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["text"],
	"properties": {"text": {"type": "string"}}
}`

const rawSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["data"],
	"properties": {"data": {
		"type": "object", "additionalProperties": false, "required": ["$bytes", "type"],
		"properties": {"$bytes": {"type": "integer", "minimum": 0, "maximum": 2097152}, "type": {"const": "application/octet-stream"}}
	}}
}`

const arrivedSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["sinceScript", "sinceNavigation"],
	"properties": {"sinceScript": {"type": "number"}, "sinceNavigation": {"type": "number"}}
}`

const nextSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["again"],
	"properties": {"again": {"type": "boolean"}}
}`

const beginSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["case"],
	"properties": {"case": {"type": "string", "maxLength": 32}}
}`

const reportSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object", "additionalProperties": false, "required": ["rows"],
	"properties": {
		"rows": {"type": "array", "items": {
			"type": "object", "additionalProperties": false,
			"required": ["case", "variant", "p50", "p95", "perSecond"],
			"properties": {
				"case": {"type": "string"}, "variant": {"type": "string"},
				"p50": {"type": "number"}, "p95": {"type": "number"}, "p99": {"type": "number"},
				"perSecond": {"type": "number"}, "mbPerSecond": {"type": "number"}, "missed": {"type": "integer"}
			}
		}},
		"problem": {"type": "string"}
	}
}`

const capability = `# METADATA
# title: Benchmark
# custom:
#   windows: ["main"]
package capability.bench

allow if input.command in {"bench.arrived", "bench.begin", "bench.count", "bench.echo", "bench.raw", "bench.report", "bench.stream", "bench.ticks"}

allow if {
	input.command == "sallyport:listen"
	input.event == "bench.tick"
}
`

type row struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Done bool   `json:"done"`
}

type rows struct {
	Rows []row `json:"rows"`
}

type count struct {
	Count int `json:"count"`
}

type size struct {
	Case string `json:"case"`
}

type text struct {
	Text string `json:"text"`
}

// raw are the bytes of a call and of its answer.
type raw struct {
	Data []byte `json:"data"`
}

// A setup is in what apps of benchmarks differ.
type setup struct {
	record    audits.Recorder
	page      fs.FS
	policy    isolation.PagePolicy
	open      func(ctx context.Context, file string) error
	judgeOnly bool
}

// schemasOf are those of the commands that the app will have: with a page also of
// what a listener registers.
func schemasOf(s setup) fs.FS {
	files := map[string]string{
		"bench.count.input.json":  rowsSchema,
		"bench.count.output.json": countSchema,
		"bench.echo.input.json":   textSchema,
		"bench.echo.output.json":  textSchema,
		"bench.raw.input.json":    rawSchema,
		"bench.raw.output.json":   rawSchema,
	}
	if s.page != nil {
		maps.Copy(files, map[string]string{
			"bench.arrived.input.json":  arrivedSchema,
			"bench.arrived.output.json": nextSchema,
			"bench.begin.input.json":    beginSchema,
			"bench.report.input.json":   reportSchema,
		})
	}
	schemas := fstest.MapFS{}
	for name, text := range files {
		schemas[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return schemas
}

// newApp is an app with an echo and a count, limits that a benchmark does not
// run into, and otherwise nothing that a user's app doesn't have.
func newApp(s setup) (*core.App, error) {
	app, err := core.New(core.Config{
		Name:         "sallyport-bench",
		Schemas:      schemasOf(s),
		Capabilities: fstest.MapFS{"bench.rego": {Data: []byte(capability)}},
		Hook:         []byte("sallyport.onCall((call) => call);"),
		Windows:      []isolation.Window{{Label: "main", Page: s.page, Policy: s.policy}},
		Record:       s.record,
		Log:          slog.New(slog.DiscardHandler),
		Limits:       core.Limits{CallsPerSecond: 1e6, Burst: 1e6, Concurrency: 1024, ArgsBytes: 9 << 20, PendingBytes: 32 << 20, ResultBytes: 2 << 20, EventQueue: 1 << 14, EventQueueBytes: 4 << 20},
		Boundary:     isolation.Limits{RekeyAfter: isolation.MaxFrames / 2, Heartbeat: 5 * time.Minute, MaxFrame: 10 << 20},
		Open:         s.open,
		JudgeOnly:    s.judgeOnly,
	})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	core.Command(app, "bench.count", func(_ context.Context, r rows) (count, error) { return count{len(r.Rows)}, nil })
	core.Command(app, "bench.echo", func(_ context.Context, t text) (text, error) { return t, nil })
	core.Command(app, "bench.raw", func(_ context.Context, r raw) (raw, error) { return r, nil })
	core.Stream(app, "bench.stream", serveStream)
	ticks := core.Event[tick](app, "bench.tick")
	core.Command(app, "bench.ticks", func(ctx context.Context, t ticking) (struct{}, error) { return struct{}{}, t.send(ctx, ticks.Emit) })
	return app, nil
}

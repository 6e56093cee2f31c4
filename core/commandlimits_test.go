package core

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
)

// limitedFiles are those of chatty commands, with limits in sallyport.json.
func limitedFiles(limits string) func(*Config) {
	return func(c *Config) {
		files := chattyFiles()
		for _, command := range []string{"notes.wait", "notes.fail"} {
			files["schemas/"+command+".input.json"].Data = []byte("true")
			files["schemas/"+command+".output.json"].Data = []byte("true")
		}
		manifest := files["sallyport.json"]
		manifest.Data = []byte(strings.Replace(string(manifest.Data), "{", `{"limits":`+limits+",", 1))
		c.Files = files
	}
}

// limitsInGo are the same in the configuration.
func limitsInGo(limits Limits) func(*Config) {
	return func(c *Config) {
		limitedFiles("{}")(c)
		c.CommandLimits = map[string]Limits{"notes.wait": limits}
	}
}

// Each limit of a single command holds for that command, on its very last byte or level, wherever it
// is written down; another command has the app's.
func TestC9EachLimitOfOneCommandHolds(t *testing.T) {
	nested := func(n int) any { return deep("x", n) }
	args := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	sized := func(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }
	for _, test := range []struct {
		name    string
		inGo    Limits
		inFile  string
		args    []byte // beyond the limit
		fine    []byte // the most that it permits
		result  any
		good    any
		code    Code
		stage   string
		keyword string
	}{
		{"size of arguments", Limits{ArgsBytes: 100}, `"args_bytes":100`, sized(101), sized(100), nil, nil, CodeTooLarge, audits.StageLimits, "limits"},
		{"depth of arguments", Limits{Depth: 5}, `"depth":5`, args(6), args(5), nil, nil, CodeInvalidArgs, audits.StageParse, "syntax"},
		{"size of results", Limits{ResultBytes: 100}, `"result_bytes":100`, args(1), args(1), strings.Repeat("x", 99), strings.Repeat("x", 98), CodeInternal, audits.StageOutput, "limits"},
		{"depth of results", Limits{Depth: 5}, `"depth":5`, args(1), args(1), nested(6), nested(5), CodeInternal, audits.StageOutput, "syntax"},
	} {
		for source, change := range map[string]func(*Config){
			"the configuration": limitsInGo(test.inGo),
			"sallyport.json":    limitedFiles(`{"notes.wait":{` + test.inFile + `}}`),
		} {
			t.Run(test.name+" in "+source, func(t *testing.T) {
				result := test.result
				b := newBench(t, change, func(b *bench) {
					b.Handle("notes.wait", func(context.Context, *Request) (any, error) { return result, nil })
					b.Handle("notes.fail", func(context.Context, *Request) (any, error) { return test.result, nil })
				})
				c := b.connect(t, "main")
				if _, err := c.Call(patient(t), "notes.wait", test.args); code(t, err) != test.code {
					t.Errorf("beyond it page got %v", err)
				}
				r := b.find(t, func(r audits.Record) bool { return r.Code == string(test.code) })
				if r.Stage != test.stage || r.Mismatch == nil || r.Mismatch.Keyword != test.keyword {
					t.Errorf("recorded stage %q, %+v", r.Stage, r.Mismatch)
				}
				result = test.good
				if _, err := c.Call(patient(t), "notes.wait", test.fine); err != nil {
					t.Errorf("within it page got %v", err)
				}
				if _, err := c.Call(patient(t), "notes.fail", test.args); err != nil {
					t.Errorf("of another command page got %v", err)
				}
			})
		}
	}
}

func TestC9TheDeadlineOfOneCommandHolds(t *testing.T) {
	for source, change := range map[string]func(*Config){
		"the configuration": limitsInGo(Limits{Deadline: 20 * time.Millisecond}),
		"sallyport.json":    limitedFiles(`{"notes.wait":{"deadline_ms":20}}`),
	} {
		t.Run(source, func(t *testing.T) {
			slow := make(chan time.Time, 1)
			b := newBench(t, change, func(b *bench) {
				b.Handle("notes.wait", func(ctx context.Context, _ *Request) (any, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				})
				b.Handle("notes.fail", func(ctx context.Context, _ *Request) (any, error) {
					due, _ := ctx.Deadline()
					slow <- due
					return nil, nil
				})
			})
			c := b.connect(t, "main")
			if _, err := c.Call(patient(t), "notes.wait", []byte("1")); code(t, err) != CodeTimeout {
				t.Errorf("page got %v", err)
			}
			if _, err := c.Call(patient(t), "notes.fail", []byte("1")); err != nil {
				t.Errorf("another command: page got %v", err)
			}
			if left := time.Until(<-slow); left < time.Second {
				t.Errorf("another command has %v left", left)
			}
		})
	}
}

func TestLimitsInSallyportJSONThatCanNotBeMeantAreErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"of a command that nobody registers", limitedFiles(`{"notes.svae":{"depth":3}}`), `sallyport.json:1: limits."notes.svae": "notes.svae" is not a registered command`},
		{"more than a frame holds", limitedFiles(`{"notes.wait":{"result_bytes":2000000000}}`), `sallyport.json:1: limits."notes.wait".result_bytes: a frame holds`},
		{"said in two places", func(c *Config) {
			limitedFiles(`{"notes.wait":{"depth":3,"args_bytes":100}}`)(c)
			c.CommandLimits = map[string]Limits{"notes.wait": {Depth: 3}}
		}, `limits."notes.wait".depth: Config.CommandLimits["notes.wait"].Depth is set too`},
		{"deadlines in two places", func(c *Config) {
			limitedFiles(`{"notes.wait":{"deadline_ms":3}}`)(c)
			c.CommandLimits = map[string]Limits{"notes.wait": {Deadline: time.Hour}}
		}, `limits."notes.wait".deadline_ms: Config.CommandLimits["notes.wait"].Deadline is set too`},
		{"none", limitedFiles(`{"notes.wait":{"depth":0}}`), `limits."notes.wait".depth: a whole number from 1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Record: audits.NewMemory(1)}
			test.change(&c)
			app, err := New(c)
			if err == nil {
				app.Handle("notes.wait", func(context.Context, *Request) (any, error) { return nil, nil })
				if err = app.StartInProcess(); err == nil {
					t.Fatal("no error")
				}
			}
			contains(t, err.Error(), test.want)
		})
	}
}

// Two limits of one command may stand in two places, and the caller's map stays as it was.
func TestLimitsOfOneCommandComeTogether(t *testing.T) {
	given := map[string]Limits{"notes.wait": {Concurrency: 2}}
	b := newBench(t, func(c *Config) {
		limitedFiles(`{"notes.wait":{"depth":3,"deadline_ms":1500}}`)(c)
		c.CommandLimits = given
	}, func(b *bench) {
		b.Handle("notes.wait", func(context.Context, *Request) (any, error) { return nil, nil })
	})
	got := b.commands["notes.wait"].limits
	if got.Depth != 3 || got.Deadline != 1500*time.Millisecond || got.Concurrency != 2 || got.ArgsBytes != DefaultLimits().ArgsBytes {
		t.Errorf("%+v", got)
	}
	if given["notes.wait"] != (Limits{Concurrency: 2}) {
		t.Error("the configuration was changed")
	}
}

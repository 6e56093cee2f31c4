package core

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// usersFolder allows notes.touch to Ann alone, and to nobody whom the app does
// not know.
func usersFolder() fstest.MapFS {
	return capability("users", `allow if {
	input.command == "notes.touch"
	input.user.name == "Ann"
}`, `allow if {
	input.command == "notes.echo"
	not input.user
}`)
}

func TestThePolicyKnowsTheUser(t *testing.T) {
	for _, test := range []struct {
		name  string
		user  func(context.Context, Identity) (any, error)
		touch Code // allowed to Ann
		echo  Code // allowed to nobody that is known
	}{
		{"nobody is asked", nil, CodeDenied, ""},
		{"the app knows nobody", func(context.Context, Identity) (any, error) { return nil, nil }, CodeDenied, ""},
		{"Ann", func(context.Context, Identity) (any, error) { return map[string]string{"name": "Ann"}, nil }, "", CodeDenied},
		{"Bob", func(context.Context, Identity) (any, error) { return map[string]string{"name": "Bob"}, nil }, CodeDenied, CodeDenied},
		{"Ann, from what the session says", func(_ context.Context, s Identity) (any, error) {
			if s.Window != "main" || s.Origin != "https://main.page.sallyport.invalid" || s.Session == "" || s.Command != "" || s.ID != "" {
				return nil, errors.New("not the session")
			}
			return struct {
				Name string `json:"name"`
			}{"Ann"}, nil
		}, "", CodeDenied},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.User, c.Capabilities = test.user, usersFolder() }, nil)
			c := b.connect(t, "main")
			if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != test.touch {
				t.Errorf("notes.touch: page got %v", err)
			}
			if _, err := c.Call(patient(t), "notes.echo", textOf("x")); code(t, err) != test.echo {
				t.Errorf("notes.echo: page got %v", err)
			}
		})
	}
}

func TestC7AUserWhoCanNotBeToldIsDeniedEverything(t *testing.T) {
	for _, test := range []struct {
		name string
		user func(context.Context, Identity) (any, error)
	}{
		{"an error", func(context.Context, Identity) (any, error) {
			return map[string]string{"name": "Ann"}, errors.New("zebra")
		}},
		{"a panic", func(context.Context, Identity) (any, error) { panic("zebra") }},
		{"a goroutine that exits", func(context.Context, Identity) (any, error) { runtime.Goexit(); return nil, nil }},
		{"what JSON has no form for", func(context.Context, Identity) (any, error) { return math.NaN(), nil }},
		{"a name twice", func(context.Context, Identity) (any, error) { return twice{}, nil }},
		{"too much", func(context.Context, Identity) (any, error) { return strings.Repeat("zebra", maxUser), nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				c.User, c.Capabilities = test.user, capability("all", `allow if input.command in {"notes.touch", "notes.echo"}`)
			}, nil)
			c := b.connect(t, "main")
			for range 2 {
				if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeDenied {
					t.Errorf("page got %v", err)
				}
			}
			b.nothingRan(t)
			contains(t, b.log.String(), "Config.User failed", c.Session.ID())
			lacks(t, b.log.String(), "zebra")
			if n := strings.Count(b.log.String(), "Config.User failed"); n != 1 {
				t.Errorf("logged %d times", n)
			}
			if r := b.record.Records()[0]; r.Verdict != audits.VerdictDeny || r.Stage != audits.StagePolicy {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

// twice encodes itself as an object that strict JSON refuses.
type twice struct{}

func (twice) MarshalJSON() ([]byte, error) { return []byte(`{"name":"Bob","name":"Ann"}`), nil }

// The record says when a call ended, not when it began to wait.
func TestACallThatWaitsForTheUserInVainEndsWhenItDoes(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Limits.Deadline = 100 * time.Millisecond
		c.User = func(ctx context.Context, _ Identity) (any, error) { <-ctx.Done(); return nil, ctx.Err() }
	}, nil)
	began := time.Now()
	if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeTimeout {
		t.Fatalf("page got %v", err)
	}
	r := b.find(t, func(r audits.Record) bool { return r.Code == string(CodeTimeout) })
	if after := r.Time.Sub(began); after < 100*time.Millisecond {
		t.Errorf("it is on record as of %v after its beginning", after)
	}
	if r.Stages.Policy != 0 {
		t.Errorf("the policy took %v", r.Stages.Policy)
	}
}

func TestTheUserIsAskedOnceForEachSession(t *testing.T) {
	var asked atomic.Int32
	answer := make(chan struct{})
	b := newBench(t, func(c *Config) {
		c.Capabilities = usersFolder()
		c.User = func(ctx context.Context, s Identity) (any, error) {
			asked.Add(1)
			select {
			case <-answer:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return map[string]string{"name": "Ann"}, nil
		}
	}, nil)
	c := b.connect(t, "main")
	one, err := c.Start("notes.touch", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := c.Start("notes.touch", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	// A denied command answers at once, as one that does not exist does.
	for _, command := range []string{"notes.secret", "notes.nothing"} {
		if _, err := c.Call(patient(t), command, textOf("x")); code(t, err) != CodeDenied {
			t.Errorf("%s: page got %v", command, err)
		}
	}
	b.nothingRan(t)
	close(answer)
	if _, err := c.Await(patient(t), one); err != nil {
		t.Error(err)
	}
	if _, err := c.Await(patient(t), two); err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	b.connect(t, "main")
	await(t, "the next session's user is asked for", func() bool { return asked.Load() == 2 })
}

func TestC7AUserWhoIsNotToldInTimeIsDeniedEverything(t *testing.T) {
	release := make(chan struct{})
	b := newBench(t, func(c *Config) {
		c.Capabilities = usersFolder()
		c.User = func(context.Context, Identity) (any, error) { <-release; return map[string]string{"name": "Ann"}, nil }
	}, func(b *bench) { b.userWithin = 20 * time.Millisecond })
	c := b.connect(t, "main")
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeDenied {
		t.Errorf("page got %v", err)
	}
	close(release) // an answer that comes later is none
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeDenied {
		t.Errorf("page got %v", err)
	}
	contains(t, b.log.String(), "Config.User failed")
}

// A call that waits for its user ends as any other.
func TestACallThatWaitsForItsUserTimesOut(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Capabilities, c.Limits.Deadline = usersFolder(), 30*time.Millisecond
		c.User = func(ctx context.Context, s Identity) (any, error) { <-ctx.Done(); return nil, ctx.Err() }
	}, nil)
	c := b.connect(t, "main")
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeTimeout {
		t.Errorf("page got %v", err)
	}
	c.Session.End(isolation.EndReplaced)
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	lacks(t, b.log.String(), "Config.User failed") // a session that ended needs no user
}

package fuzz

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// lab is a scenario with pages, of which a core says what it must not.
func lab(t *testing.T) *scenario {
	t.Helper()
	s := &scenario{target: newTarget(t, testConfig(), newTestApp), choices: &choices{}}
	for at, window := range map[**page]string{&s.page: "main", &s.other: "main", &s.away: "editor"} {
		var err error
		if *at, err = newPage(s.target.app.Gate(), window); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*at).session.End(isolation.EndRevoked) })
	}
	return s
}

// tell has the core say something to a page, and waits until it is there.
func tell(t *testing.T, p *page, id uint32, items ...[]byte) {
	t.Helper()
	before := len(p.toldOf(id))
	for _, item := range items {
		if err := p.session.Write(item); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(5 * time.Second); len(p.toldOf(id)) < before+len(items); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}

func itemAt(id uint32, offset uint64, json string) []byte {
	item := isolation.EndBody(append(isolation.BeginItem(nil, id), json...), isolation.ItemStart, nil)
	isolation.PutOffset(item, offset)
	return item
}

func eventAt(id uint32, offset uint64, label, json string) []byte {
	item := isolation.AppendBody(isolation.AppendEvent(nil, id, 1, label), []byte(json), nil)
	isolation.PutOffset(item, offset)
	return item
}

func TestWhatMustNotStreamIsFound(t *testing.T) {
	const change = `{"path":"/x","kind":"file","icon":null}`
	stream := func(wants isolation.Wants) *request {
		return &request{sentCall: sentCall{id: 1, command: "files.watch", args: "{}"}, wants: wants}
	}
	plain, size := stream(0), uint64(len(itemAt(1, 0, change)))
	for name, test := range map[string]struct {
		request *request
		allowed bool
		told    [][]byte
		want    string
	}{
		"an item":                         {stream(isolation.WantsItems), true, [][]byte{itemAt(1, 0, change)}, ""},
		"an item without a request":       {nil, true, [][]byte{itemAt(1, 0, change)}, "no such request"},
		"an item without a decision":      {stream(isolation.WantsItems), false, [][]byte{itemAt(1, 0, change)}, "without an allow"},
		"an item that nobody asked for":   {plain, true, [][]byte{itemAt(1, 0, change)}, "not asked for"},
		"an item that its schema refuses": {stream(isolation.WantsItems), true, [][]byte{itemAt(1, 0, `{"path":7}`)}, "its schema refuses"},
		"an item out of its place":        {stream(isolation.WantsItems), true, [][]byte{itemAt(1, 5, change)}, "belongs at 0"},
		"an item twice":                   {stream(isolation.WantsItems), true, [][]byte{itemAt(1, 0, change), itemAt(1, 0, change)}, "comes at 0"},
		"an item after the end":           {stream(isolation.WantsItems), true, [][]byte{isolation.AppendEnd(nil, 1, 0), itemAt(1, 0, change)}, "after the end"},
		"a result before the end":         {stream(isolation.WantsItems), true, [][]byte{isolation.AppendResult(nil, 1, []byte("null"))}, "before the end"},
		"a result after the end":          {stream(isolation.WantsItems), true, [][]byte{itemAt(1, 0, change), isolation.AppendEnd(nil, 1, size), isolation.AppendResult(nil, 1, []byte("null"))}, ""},
		"an event of a call":              {stream(isolation.WantsItems), true, [][]byte{eventAt(1, 0, "", change)}, "brought an event"},
		"the end of nothing":              {plain, true, [][]byte{isolation.AppendEnd(nil, 1, 0)}, "not asked for"},
		"credit for no upload":            {plain, true, [][]byte{isolation.AppendCredit(nil, 1, 1<<20)}, "there is none of"},
		"credit for an upload":            {stream(isolation.WantsUpload), true, [][]byte{isolation.AppendCredit(nil, 1, 1<<20)}, ""},
		"progress that nobody asked for":  {plain, true, [][]byte{isolation.AppendProgress(nil, 1, 1, 2, "x")}, "not asked for"},
		"progress":                        {stream(isolation.WantsProgress), true, [][]byte{isolation.AppendProgress(nil, 1, 1, 2, "x")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := lab(t)
			if test.request != nil {
				fresh := *test.request
				s.page.requests[1] = &fresh
			}
			if test.allowed {
				record(t, s.target.evidence, audits.Record{ID: callID(s.page, 1), Verdict: audits.VerdictAllow})
			}
			tell(t, s.page, 1, test.told...)
			err := s.checkStreams()
			if err == nil {
				_, err = s.page.awaitFor([]uint32{1}, time.Millisecond)
			}
			found(t, err, test.want)
		})
	}
}

func TestItemsBeyondTheCreditAreFound(t *testing.T) {
	s := lab(t)
	text := `"` + strings.Repeat("x", isolation.StreamWindow/2) + `"`
	size := uint64(len(itemAt(1, 0, text)))
	tell(t, s.page, 1, itemAt(1, 0, text), itemAt(1, size, text))
	if s.page.broken != nil {
		t.Errorf("an item that begins below the limit: %v", s.page.broken)
	}
	tell(t, s.page, 1, itemAt(1, 2*size, text))
	found(t, s.page.broken, "there was credit up to")
}

func TestAnEventThatMustNotBeHeardIsFound(t *testing.T) {
	const payload = `{"path":"/x","kind":"file","icon":null}`
	for name, test := range map[string]struct {
		emit    sentCall // by main, if it has a command
		allowed bool
		label   string
		json    string
		times   int
		want    string
	}{
		"the core's own":                {label: "", json: payload, times: 2},
		"the core's own, unfit":         {label: "", json: `{"path":1}`, times: 1, want: "its schema refuses"},
		"of a page":                     {sentCall{event: "files.changed", args: payload}, true, "main", payload, 1, ""},
		"of a page, for the listener's": {sentCall{event: "files.changed", args: payload, target: "editor"}, true, "main", payload, 1, ""},
		"of a page, written otherwise":  {sentCall{event: "files.changed", args: `{"path":"/x", "icon":null,"kind":"file"}`}, true, "main", payload, 1, ""},
		"of nobody":                     {sentCall{}, true, "main", payload, 1, "no page of that window has emitted"},
		"of another window than said":   {sentCall{event: "files.changed", args: payload}, true, "editor", payload, 1, "no page of that window has emitted"},
		"of no window":                  {sentCall{event: "files.changed", args: payload}, true, "nobody", payload, 1, "no page of that window has emitted"},
		"for another window":            {sentCall{event: "files.changed", args: payload, target: "main"}, true, "main", payload, 1, "no page of that window has emitted"},
		"of another name":               {sentCall{event: "files.opened", args: payload}, true, "main", payload, 1, "no page of that window has emitted"},
		"without a decision":            {sentCall{event: "files.changed", args: payload}, false, "main", payload, 1, "by permission"},
		"with another payload":          {sentCall{event: "files.changed", args: payload}, true, "main", strings.Replace(payload, "/x", "/y", 1), 1, "no page of that window has emitted"},
		"twice":                         {sentCall{event: "files.changed", args: payload}, true, "main", payload, 2, "not so often"},
	} {
		t.Run(name, func(t *testing.T) {
			s := lab(t)
			if test.emit.event != "" {
				test.emit.id, test.emit.command = 7, policy.EmitCommand
				s.page.emitted = append(s.page.emitted, test.emit)
				if test.allowed {
					record(t, s.target.evidence, audits.Record{ID: callID(s.page, 7), Verdict: audits.VerdictAllow})
				}
			}
			record(t, s.target.evidence, audits.Record{ID: callID(s.away, 1), Verdict: audits.VerdictAllow})
			s.away.requests[1] = &request{sentCall: sentCall{id: 1, command: policy.ListenCommand, event: "files.changed"}, listens: true, heard: map[int]bool{}}
			var offset uint64
			for range test.times {
				item := eventAt(1, offset, test.label, test.json)
				tell(t, s.away, 1, item)
				offset += uint64(len(item))
			}
			found(t, s.checkStreams(), test.want)
		})
	}
	t.Run("nobody listened", func(t *testing.T) {
		s := lab(t)
		record(t, s.target.evidence, audits.Record{ID: callID(s.away, 1), Verdict: audits.VerdictDeny})
		s.away.requests[1] = &request{sentCall: sentCall{id: 1, command: policy.ListenCommand, event: "files.changed"}, listens: true, heard: map[int]bool{}}
		tell(t, s.away, 1, eventAt(1, 0, "", payload))
		found(t, s.checkStreams(), "without an allow")
	})
}

func TestAnUploadThatIsReadTooFarIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		sent, fit, read int
		failed          bool
		want            string
	}{
		"all of it":                           {3, 3, 3, false, ""},
		"up to what is unfit":                 {3, 1, 1, false, ""},
		"what is unfit, which ended the call": {3, 1, 2, true, ""},
		"what is unfit, with a result":        {3, 1, 2, false, "the first 1 of 3 fit"},
		"beyond what is unfit":                {3, 1, 3, true, "the first 1 of 3 fit"},
		"more than was sent":                  {3, 3, 4, true, "has read 4 items"},
	} {
		t.Run(name, func(t *testing.T) {
			s := lab(t)
			answer := isolation.AppendResult(nil, 1, []byte("null"))
			if test.failed {
				answer = isolation.AppendError(nil, 1, []byte("{}"))
			}
			tell(t, s.page, 1, answer)
			s.target.evidence.outcome[callID(s.page, 1)] = audits.Record{Streamed: &audits.Streamed{ItemsIn: int64(test.read)}}
			found(t, s.checkUpload(&request{sentCall: sentCall{id: 1}, uploads: test.sent, fit: test.fit}), test.want)
		})
	}
}

func TestAnEmitThatWasAllowedForAnotherWindowIsFound(t *testing.T) {
	e := newEvidence()
	e.windows["main"] = true
	request := &core.Request{Identity: core.Identity{Command: policy.EmitCommand, Window: "main", Session: "s", ID: "s-1"}, Event: "e", Target: "main"}
	var err error
	if request.Args, err = schema.Parse([]byte("{}"), schema.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow, Command: policy.EmitCommand, Event: "e", Window: "main", Session: "s"})
	e.observe(request)
	if len(e.take()) == 0 {
		t.Error("an emit to one window that was allowed as one to all was not noticed")
	}
	record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow, Command: policy.EmitCommand, Event: "f", Target: "main", Window: "main", Session: "s"})
	e.observe(request)
	if len(e.take()) == 0 {
		t.Error("an emit that was allowed for another event was not noticed")
	}
}

// A handler that sends what its schema refuses is a bug of the app's.
func TestAnUnfitItemOfAHandlerIsFound(t *testing.T) {
	config := testConfig()
	config.Schemas.(fstest.MapFS)["files.leak.channel.json"] = &fstest.MapFile{Data: []byte(putSchema)}
	config.Capabilities = fstest.MapFS{"fuzzed.rego": {Data: []byte(strings.Replace(testCapability, `"files.watch"`, `"files.leak"`, 1))}}
	target := newTarget(t, config, func(c core.Config) (*core.App, error) {
		app, err := newTestApp(c)
		if err != nil {
			return nil, err
		}
		core.Stream(app, "files.leak", func(_ context.Context, _ struct{}, s *core.Channel[core.None, put]) (struct{}, error) {
			return struct{}{}, s.Send(put{Data: schema.Blob{Type: "image/png", Bytes: make([]byte, 301)}})
		})
		return app, nil
	})
	found(t, find(t, target, 1000), "internal error")
}

func found(t *testing.T, err error, want string) {
	t.Helper()
	if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestScenariosStream guards the kit against streams and events that come to
// nothing.
func TestScenariosStream(t *testing.T) {
	target := newTarget(t, testConfig(), newTestApp)
	random := rand.New(rand.NewPCG(5, 6))
	got := map[string]int{}
	for range 400 {
		data := make([]byte, 64)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		s := &scenario{target: target, choices: &choices{rest: data}}
		if err := s.run(); err != nil {
			t.Fatal(err)
		}
		for _, p := range []*page{s.page, s.other, s.away} {
			if p != nil {
				count(target.evidence, p, got)
			}
		}
		target.settle()
		if problems := target.evidence.take(); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	t.Log(got)
	for _, what := range []string{"items", "items read", "unfit uploads", "ends", "events of the core", "events of pages", "listens", "emits", "progress"} {
		if got[what] < 3 { // how many there are in time depends on the machine
			t.Errorf("%d %s in 400 scenarios; want more", got[what], what)
		}
	}
}

// count adds up what has come to a page.
func count(e *evidence, p *page, got map[string]int) {
	kinds := map[byte]string{peer.Result: "results", peer.Failure: "failures", peer.StreamItem: "items", peer.End: "ends", peer.Credit: "credit", peer.Progress: "progress"}
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, told := range p.told {
		_, ran, outcome := e.of(callID(p, id))
		if outcome.Streamed != nil {
			got["items read"] += int(outcome.Streamed.ItemsIn)
		}
		r := p.requests[id]
		if ran && r.uploads > r.fit {
			got["unfit uploads"]++
		}
		if ran && r.listens {
			got["listens"]++
		} else if ran && r.event != "" {
			got["emits"]++
		}
		for _, a := range told {
			switch {
			case a.Kind == peer.Event && a.Text == "":
				got["events of the core"]++
			case a.Kind == peer.Event:
				got["events of pages"]++
			default:
				got[kinds[a.Kind]]++
			}
		}
	}
}

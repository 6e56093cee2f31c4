package core

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

type (
	putting struct {
		Name  string        `json:"name,omitempty"`
		Data  []byte        `json:"data" jsonschema:"maxLength=3000000"`
		Image *schema.Blob  `json:"image,omitempty" jsonschema:"mediaType=image/png,mediaType=image/jpeg"`
		More  []schema.Blob `json:"more,omitempty"`
	}
	got struct {
		Data  []byte       `json:"data"`
		Image *schema.Blob `json:"image,omitempty"`
	}
)

const octets = "application/octet-stream"

const filesCapability = `# METADATA
# custom:
#   windows: ["main"]
package capability.files

allow if input.command in {"files.put", "files.small", "files.get", "files.any"}

deny contains "no more than ten bytes" if {
	input.command == "files.small"
	input.args.data["$bytes"] > 10
}
`

// A drawer is an app that takes and gives bytes.
type drawer struct {
	*bench
	put chan putting
	get any // what files.get and files.any return
}

func newDrawer(t testing.TB, change func(*Config)) *drawer {
	d := &drawer{put: make(chan putting, 64)}
	d.bench = newBench(t, func(c *Config) {
		files := testFiles()
		for _, name := range []string{"notes.wait", "notes.fail"} {
			delete(files, "schemas/"+name+".input.json")
		}
		files["schemas/files.any.input.json"] = &fstest.MapFile{Data: []byte(`{}`)}
		files["schemas/files.any.output.json"] = &fstest.MapFile{Data: []byte(`{}`)}
		files["capabilities/files.rego"] = &fstest.MapFile{Data: []byte(filesCapability)}
		c.Files = files
		if change != nil {
			change(c)
		}
	}, func(b *bench) {
		for _, name := range []string{"files.put", "files.small"} {
			Command(b.App, name, func(ctx context.Context, a putting) (got, error) {
				b.ran(ctx)
				d.put <- a
				return got{a.Data, a.Image}, nil
			})
		}
		Command(b.App, "files.get", func(context.Context, struct{}) (got, error) { return d.get.(got), nil })
		b.Handle("files.any", func(context.Context, *Request) (any, error) { return d.get, nil })
		Command(b.App, "files.hidden", func(ctx context.Context, a putting) (struct{}, error) {
			b.ran(ctx)
			return struct{}{}, nil
		})
	})
	return d
}

// callWith makes a call with sections and returns the whole answer.
func callWith(t testing.TB, c *peer.Client, command, args string, sections ...isolation.Section) peer.Answer {
	t.Helper()
	_, answer, err := c.Request(func(id uint32) []byte {
		return peer.Call{ID: id, Command: command, JSON: []byte(args), Sections: sections}.Append(nil)
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case a := <-answer:
		return a
	case <-time.After(time.Minute):
		t.Fatal("no answer")
		return peer.Answer{}
	}
}

func codeIn(t testing.TB, a peer.Answer) Code {
	t.Helper()
	if !a.Failed {
		return ""
	}
	var e peer.Error
	if err := json.Unmarshal(a.JSON, &e); err != nil {
		t.Fatal(err)
	}
	return Code(e.Code)
}

func standsFor(size int, media string) string {
	return fmt.Sprintf(`{"$bytes":%d,"type":%q}`, size, media)
}

func TestC1BytesArriveAsTheyWereSealed(t *testing.T) {
	d := newDrawer(t, nil)
	c := d.connect(t, "main")
	data, image := bytes.Repeat([]byte{0, 255, '"'}, 100_000), []byte("\x89PNG")
	a := callWith(t, c, "files.put", `{"data":`+standsFor(len(data), octets)+`,"image":`+standsFor(4, "image/png")+`}`,
		isolation.Section{Type: octets, Bytes: data}, isolation.Section{Type: "image/png", Bytes: image})
	if a.Failed {
		t.Fatalf("page got %s", a.JSON)
	}
	in := <-d.put
	if !bytes.Equal(in.Data, data) || in.Image == nil || in.Image.Type != "image/png" || !bytes.Equal(in.Image.Bytes, image) {
		t.Errorf("the handler got %d bytes and %+v", len(in.Data), in.Image)
	}
	if string(a.JSON) != `{"data":`+standsFor(len(data), octets)+`,"image":`+standsFor(4, "image/png")+`}` ||
		len(a.Sections) != 2 || !bytes.Equal(a.Sections[0].Bytes, data) || a.Sections[1].Type != "image/png" || !bytes.Equal(a.Sections[1].Bytes, image) {
		t.Errorf("page got %s and %d sections", a.JSON, len(a.Sections))
	}
	r := d.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictAllow })
	if r.BinarySize != len(data)+len(image) || r.ArgsSize > 200 {
		t.Errorf("recorded are %d raw bytes beside %d", r.BinarySize, r.ArgsSize)
	}
}

func TestTheRecordTellsOtherBytesApart(t *testing.T) {
	d := newDrawer(t, nil)
	c := d.connect(t, "main")
	sums := map[string]string{}
	for name, section := range map[string]isolation.Section{
		"one":         {Type: octets, Bytes: []byte("abc")},
		"other bytes": {Type: octets, Bytes: []byte("abd")},
	} {
		callWith(t, c, "files.put", `{"data":`+standsFor(3, octets)+`}`, section)
		r := d.find(t, func(r audits.Record) bool { return r.ID == fmt.Sprintf("%s-%d", c.Session.ID(), c.LastID()) })
		if r.ArgsMAC == "" {
			t.Errorf("%s: no MAC", name)
		}
		if other, twice := sums[r.ArgsMAC]; twice {
			t.Errorf("%s and %s have one MAC", name, other)
		}
		sums[r.ArgsMAC] = name
	}
}

func TestC1SectionsThatLieAreRefused(t *testing.T) {
	d := newDrawer(t, nil)
	c := d.connect(t, "main")
	one := isolation.Section{Type: octets, Bytes: []byte("abc")}
	image := isolation.Section{Type: "image/png", Bytes: []byte("PNG!")}
	for _, test := range []struct {
		name     string
		args     string
		sections []isolation.Section
	}{
		{"a text that promises bytes which aren't there", `{"data":` + standsFor(3, octets) + `}`, nil},
		{"bytes that nothing stands for", `{"name":"x"}`, []isolation.Section{one}},
		{"one section too many", `{"data":` + standsFor(3, octets) + `}`, []isolation.Section{one, image}},
		{"more than there are", `{"data":` + standsFor(4, octets) + `}`, []isolation.Section{one}},
		{"less than there are", `{"data":` + standsFor(2, octets) + `}`, []isolation.Section{one}},
		{"a negative size", `{"data":` + standsFor(-3, octets) + `}`, []isolation.Section{one}},
		{"a size that is equal and not the same", `{"data":{"$bytes":3.0,"type":"application/octet-stream"}}`, []isolation.Section{one}},
		{"a size as a text", `{"data":{"$bytes":"3","type":"application/octet-stream"}}`, []isolation.Section{one}},
		{"another type", `{"data":` + standsFor(3, "image/png") + `}`, []isolation.Section{one}},
		{"no type", `{"data":{"$bytes":3}}`, []isolation.Section{one}},
		{"a member more", `{"data":{"$bytes":3,"type":"application/octet-stream","x":1}}`, []isolation.Section{one}},
		{"one that stands twice", `{"data":` + standsFor(3, octets) + `,"more":[` + standsFor(3, octets) + `]}`, []isolation.Section{one}},
		{"two the other way round", `{"data":` + standsFor(3, octets) + `,"image":` + standsFor(4, "image/png") + `}`, []isolation.Section{image, one}},
		{"a name under an escape", `{"data":{"\u0024bytes":3,"type":"application/octet-stream"}}`, nil},
	} {
		for _, command := range []string{"files.put", "files.any", "files.hidden", "no.such"} {
			sections := make([]isolation.Section, len(test.sections))
			for i, s := range test.sections {
				sections[i] = isolation.Section{Type: s.Type, Bytes: bytes.Clone(s.Bytes)}
			}
			if got := codeIn(t, callWith(t, c, command, test.args, sections...)); got != CodeInvalidArgs {
				t.Errorf("%s, %s: page got %q", test.name, command, got)
			}
			r := d.find(t, func(r audits.Record) bool { return r.ID == fmt.Sprintf("%s-%d", c.Session.ID(), c.LastID()) })
			if r.Stage != audits.StageParse || strings.Contains(r.Reason, "abc") || r.ArgsMAC != "" {
				t.Errorf("%s, %s: recorded %+v", test.name, command, r)
			}
		}
	}
	d.nothingRan(t)
	a := callWith(t, c, "files.put", `{"data":`+standsFor(3, octets)+`}`, one)
	if a.Failed {
		t.Errorf("what is as it says: %s", a.JSON)
	}
}

func TestC1SchemaAndPolicyJudgeSizeAndType(t *testing.T) {
	d := newDrawer(t, nil)
	c := d.connect(t, "main")
	long := isolation.Section{Type: octets, Bytes: make([]byte, 11)}
	for _, test := range []struct {
		name     string
		command  string
		args     string
		sections []isolation.Section
		want     Code
	}{
		{"a type that the schema doesn't name", "files.put", `{"data":` + standsFor(11, octets) + `,"image":` + standsFor(1, "image/gif") + `}`, []isolation.Section{long, {Type: "image/gif", Bytes: []byte{1}}}, CodeInvalidArgs},
		{"bytes of another type", "files.put", `{"data":` + standsFor(1, "image/png") + `}`, []isolation.Section{{Type: "image/png", Bytes: []byte{1}}}, CodeInvalidArgs},
		{"no bytes where there must be some", "files.put", `{}`, nil, CodeInvalidArgs},
		{"base64 for bytes", "files.put", `{"data":"YWJj"}`, nil, CodeInvalidArgs},
		{"too many for the policy", "files.small", `{"data":` + standsFor(11, octets) + `}`, []isolation.Section{long}, CodeDenied},
		{"few enough", "files.small", `{"data":` + standsFor(10, octets) + `}`, []isolation.Section{{Type: octets, Bytes: make([]byte, 10)}}, ""},
		{"a hidden command", "files.hidden", `{"data":` + standsFor(11, octets) + `}`, []isolation.Section{long}, CodeDenied},
		{"none of that name", "no.such", `{"data":` + standsFor(11, octets) + `}`, []isolation.Section{long}, CodeDenied},
	} {
		if got := codeIn(t, callWith(t, c, test.command, test.args, test.sections...)); got != test.want {
			t.Errorf("%s: page got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestC9BytesOfAMessageAreBounded(t *testing.T) {
	d := newDrawer(t, func(c *Config) {
		c.Limits.BinaryBytes, c.Limits.PendingBytes = 1000, 2500
		c.CommandLimits = map[string]Limits{"files.any": {BinaryBytes: 2000}}
	})
	d.get = nil
	c := d.connect(t, "main")
	for _, test := range []struct {
		name    string
		command string
		sizes   []int
		want    Code
	}{
		{"as many as may be", "files.put", []int{1000}, ""},
		{"one more", "files.put", []int{1001}, CodeTooLarge},
		{"together one more", "files.any", []int{1000, 1001}, CodeTooLarge},
		{"by the command's own limit", "files.any", []int{1000, 1000}, ""},
		{"of a hidden command by the app's", "files.hidden", []int{1001}, CodeTooLarge},
		{"of no command by the app's", "no.such", []int{1001}, CodeTooLarge},
	} {
		var sections []isolation.Section
		var stand []string
		for _, size := range test.sizes {
			sections = append(sections, isolation.Section{Type: octets, Bytes: make([]byte, size)})
			stand = append(stand, standsFor(size, octets))
		}
		args := `{"data":` + stand[0] + `}`
		if test.command == "files.any" {
			args = "[" + strings.Join(stand, ",") + "]"
		}
		if got := codeIn(t, callWith(t, c, test.command, args, sections...)); got != test.want {
			t.Errorf("%s: page got %q, want %q", test.name, got, test.want)
		}
	}
	s := d.session(t, c)
	if !s.budget.enter(1600, 10, 2500) { // what else is under way
		t.Fatal("something is under way")
	}
	if got := codeIn(t, callWith(t, c, "files.put", `{"data":`+standsFor(1000, octets)+`}`, isolation.Section{Type: octets, Bytes: make([]byte, 1000)})); got != CodeBusy {
		t.Errorf("raw bytes count for nothing in PendingBytes: page got %q", got)
	}
	s.budget.leave(1600)
}

func (d *drawer) session(t testing.TB, c *peer.Client) *session {
	t.Helper()
	value, ok := d.sessions.Load(c.Session)
	if !ok {
		t.Fatal("the session is over")
	}
	return value.(*session)
}

func TestC9BytesOfAResultAreBounded(t *testing.T) {
	d := newDrawer(t, func(c *Config) {
		c.Limits.BinaryBytes, c.Limits.ResultBytes = 3000, 15000
		c.Boundary.MaxFrame = 16 << 10
	})
	c := d.connect(t, "main")
	parts := func(n, size int) []schema.Blob {
		all := make([]schema.Blob, n)
		for i := range all {
			all[i].Bytes = make([]byte, size)
		}
		return all
	}
	for _, test := range []struct {
		name   string
		result any
		reason string // "" if it is fit
	}{
		{"as many as may be", got{Data: make([]byte, 3000)}, ""},
		{"one more", got{Data: make([]byte, 3001)}, "raw bytes are larger than their limit"},
		{"together one more", parts(2, 1501), "raw bytes are larger than their limit"},
		{"in as many parts as may be", parts(isolation.MaxSections, 1), ""},
		{"in one part more", parts(isolation.MaxSections+1, 0), "too many parts"},
		{"in so many that a byte can't count them", parts(257, 0), "too many parts"},
		{"with too long a text", map[string]any{"a": strings.Repeat("x", 14000), "b": make([]byte, 2600)}, "fit no frame"},
		{"of a type that is none", schema.Blob{Type: "image", Bytes: []byte{1}}, "Type must be a media type"},
	} {
		d.get = test.result
		command := "files.any"
		if _, typed := test.result.(got); typed {
			command = "files.get"
		}
		a := callWith(t, c, command, "{}")
		want := CodeInternal
		if test.reason == "" {
			want = ""
		}
		if got := codeIn(t, a); got != want {
			t.Errorf("%s: page got %q, want %q", test.name, got, want)
		}
		if test.reason == "" {
			continue
		}
		r := d.find(t, func(r audits.Record) bool {
			return r.Kind == audits.KindOutcome && r.ID == fmt.Sprintf("%s-%d", c.Session.ID(), c.LastID())
		})
		if r.Stage != audits.StageOutput || !strings.Contains(r.Reason, test.reason) || r.Mismatch == nil {
			t.Errorf("%s: recorded %+v", test.name, r)
		}
	}
	if log := d.log.String(); strings.Count(log, "bug: a handler's result") != 6 || !strings.Contains(log, "at most 3000 raw bytes") || !strings.Contains(log, "at most 64 parts") {
		t.Errorf("logged %s", log)
	}
}

func TestAHandlersResultMayHoldBytesAnywhere(t *testing.T) {
	d := newDrawer(t, nil)
	c := d.connect(t, "main")
	for _, test := range []struct {
		name     string
		result   any
		want     string
		sections []string
	}{
		{"bytes alone", []byte("ab"), standsFor(2, octets), []string{"ab"}},
		{"a Blob", schema.Blob{Type: "text/csv", Bytes: []byte("a,b")}, standsFor(3, "text/csv"), []string{"a,b"}},
		{"in a map", map[string]any{"a": []byte("1"), "b": []any{[]byte("22"), 3}}, `{"a":` + standsFor(1, octets) + `,"b":[` + standsFor(2, octets) + `,3]}`, []string{"1", "22"}},
		{"in a struct", got{Data: []byte("333")}, `{"data":` + standsFor(3, octets) + `}`, []string{"333"}},
		{"no bytes", got{}, `{"data":` + standsFor(0, octets) + `}`, []string{""}},
		{"none at all", map[string]any{"a": 1}, `{"a":1}`, nil},
		{"an object of that form that stands for nothing", map[string]any{"$bytes": 1, "type": octets}, "", nil},
		{"of a method's making", json.RawMessage(standsFor(1, octets)), "", nil},
	} {
		d.get = test.result
		a := callWith(t, c, "files.any", "{}")
		if test.want == "" {
			if got := codeIn(t, a); got != CodeInternal {
				t.Errorf("%s: page got %q", test.name, got)
			}
			continue
		}
		var sections []string
		for _, s := range a.Sections {
			sections = append(sections, string(s.Bytes))
		}
		if a.Failed || string(a.JSON) != test.want || !slices.Equal(sections, test.sections) {
			t.Errorf("%s: page got %s with %q", test.name, a.JSON, sections)
		}
	}
}

func TestC9ASmallSectionKeepsNoLargeBatch(t *testing.T) {
	plaintext := make([]byte, 1000)
	for i := range plaintext {
		plaintext[i] = 'x'
	}
	given := []isolation.Section{{Type: "a/b", Bytes: plaintext[:249:249]}, {Type: "c/d", Bytes: plaintext[300:550:550]}, {Type: "e/f", Bytes: plaintext[600:600:600]}}
	own := ownSections(given, len(plaintext))
	for i, want := range []bool{false, true, false} {
		s := own[i]
		if s.Type != given[i].Type || len(s.Bytes) != len(given[i].Bytes) || bytes.Count(s.Bytes, []byte("x")) != len(s.Bytes) || cap(s.Bytes) != len(s.Bytes) {
			t.Errorf("section %d became %+v", i, s)
		}
		if len(s.Bytes) > 0 {
			given[i].Bytes[0] = 'y'
			if inside := s.Bytes[0] == 'y'; inside != want {
				t.Errorf("section %d of %d bytes lies in the plaintext: %v", i, len(s.Bytes), inside)
			}
		}
	}
	if bytes.ContainsRune(plaintext[:249], 'x') {
		t.Error("what was copied is still in the plaintext")
	}
}

func TestC6NoRefusedBytesAreLeftInThePlaintext(t *testing.T) {
	d := newDrawer(t, func(c *Config) { c.Limits.BinaryBytes = 10 })
	c := d.connect(t, "main")
	s := d.session(t, c)
	section := func() []isolation.Section { return []isolation.Section{{Type: octets, Bytes: []byte("secret")}} }
	cleared := func(name string, sections []isolation.Section, held []byte) {
		t.Helper()
		if bytes.ContainsAny(held, "secret") {
			t.Errorf("%s: the plaintext is %q", name, held)
		}
	}
	for name, args := range map[string]string{"that are no JSON": `{`, "that say something else": `{"data":` + standsFor(7, octets) + `}`} {
		for _, plaintext := range []int{0, 1 << 20} { // they stay where they are, or become copies
			sections := section()
			held := sections[0].Bytes
			one := &call{session: s, command: d.commands["files.put"], args: []byte(args), sections: sections, plaintext: plaintext}
			if _, refused := one.parse(); refused == nil {
				t.Errorf("%s: parsed", name)
			}
			cleared(name, sections, held)
		}
	}
	sections := section()
	held := sections[0].Bytes
	one := &call{session: s, command: d.commands["files.put"], args: []byte(`{"data":` + standsFor(6, octets) + `}`), sections: sections}
	m, refused := one.parse()
	if refused != nil {
		t.Fatal(refused.reason)
	}
	if v, _ := m.args.Field("data"); v != nil {
		if data, _, ok := v.Bytes(); !ok || string(data) != "secret" {
			t.Errorf("the handler's bytes are %q", data)
		}
	}
	one.dropArgs()
	if string(held) != "secret" {
		t.Error("what the handler has was cleared")
	}
	over := []isolation.Section{{Type: octets, Bytes: []byte("secretsecret")}}
	s.admit(isolation.Item{Kind: isolation.ItemCall, ID: 1 << 20, Command: []byte("files.put"), JSON: []byte("{}"), Sections: over}, time.Now(), time.Now(), false)
	cleared("over their limit", over, over[0].Bytes)
	after := section()
	if s.takeAll([]isolation.Item{{}, {Kind: isolation.ItemCall, ID: 2 << 20, JSON: []byte("{}"), Sections: after}}, time.Now(), time.Now()) {
		t.Fatal("an item of no kind is taken")
	}
	cleared("behind what breaks a rule", after, after[0].Bytes)
}

func TestC6GrowingAnItemLeavesNoneOfItBehind(t *testing.T) {
	item := isolation.BeginResult(make([]byte, 0, isolation.ResultStart+6), 7)
	item = append(item, "secret"...)
	before := item
	after := endBody(item, isolation.ResultStart, []schema.Section{{Type: "a/b", Bytes: []byte("x")}})
	if bytes.Contains(before, []byte("secret")) || !bytes.Contains(after, []byte("secret")) {
		t.Errorf("%q became %q", before, after)
	}
	a, err := peer.Answers(after)
	if err != nil || len(a) != 1 || string(a[0].JSON) != "secret" || len(a[0].Sections) != 1 || a[0].Sections[0].Type != "a/b" || string(a[0].Sections[0].Bytes) != "x" {
		t.Errorf("it reads as %+v (%v)", a, err)
	}
}

func TestC9BytesOfAResultCountUntilItsOutcomeIsOnRecord(t *testing.T) {
	recording, recorded := make(chan struct{}, 16), make(chan struct{})
	d := newDrawer(t, func(c *Config) {
		c.Limits.ResultBytes, c.Limits.BinaryBytes, c.Limits.PendingResults = 100, 1000, 2100
		c.Record = keeper{outcome: func(*audits.Record) error {
			recording <- struct{}{}
			<-recorded
			return nil
		}}
	})
	d.get = got{Data: make([]byte, 1000)}
	c := d.connect(t, "main")
	for range 4 {
		if _, err := c.Start("files.get", []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	<-recording
	select {
	case <-recording:
		t.Error("two results of 1,000 bytes and more are held where 2,100 have room, with what the second could become")
	case <-time.After(50 * time.Millisecond):
	}
	close(recorded)
	await(t, "no call under way", func() bool { return d.Stats().UnderWay == 0 })
	if !d.session(t, c).budget.results.TryAcquire(2100) {
		t.Error("something is still held")
	}
}

// A yes to some bytes is none to others, of which the text says no more than size
// and type.
func TestC7AnAnswerIsAboutTheVeryBytes(t *testing.T) {
	a, err := newAnswers(nil)
	if err != nil {
		t.Fatal(err)
	}
	digest := func(media, data string) string {
		v, err := schema.ParseMessage([]byte(`{"file":`+standsFor(len(data), media)+`}`), []schema.Section{{Type: media, Bytes: []byte(data)}}, schema.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var b binding
		return a.mac.Sum("x", b.append(nil, nil, v))
	}
	plain := parseArgs(t, `{"file":`+standsFor(3, octets)+`}`)
	var b binding
	sums := []string{digest(octets, "abc"), digest(octets, "abd"), digest("image/png", "abc"), a.mac.Sum("x", b.append(nil, nil, plain))}
	if slices.Sort(sums); len(slices.Compact(sums)) != 4 {
		t.Errorf("calls that differ in their bytes share an answer")
	}
	if once, again := digest(octets, "abc"), digest(octets, "abc"); once != again {
		t.Error("the same bytes are asked about twice")
	}
}

func TestC7NoGrantIsAboutBytesThatItCanNotName(t *testing.T) {
	message := func(data string) schema.Value {
		v, err := schema.ParseMessage([]byte(standsFor(len(data), octets)), []schema.Section{{Type: octets, Bytes: []byte(data)}}, schema.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	plain := parseArgs(t, standsFor(3, octets))
	if equal(message("abc"), plain) || equal(plain, message("abc")) || equal(message("abc"), message("abd")) || !equal(message("abc"), message("abc")) {
		t.Error("bytes are equal to others, or to what stands for them")
	}
}

func TestAQuestionSaysHowManyBytes(t *testing.T) {
	v, err := schema.ParseMessage([]byte(`{"file":`+standsFor(3, "image/png")+`,"fake":"3 bytes of image/png"}`), []schema.Section{{Type: "image/png", Bytes: []byte("abc")}}, schema.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := renderArgs(v, []string{"file"}); len(got) != 2 || got[0] != "file: 3 bytes of image/png" || got[1] != `fake: "3 bytes of image/png"` {
		t.Errorf("shown is %q", got)
	}
}

package core

import (
	"bytes"
	"testing"
	"time"

	"github.com/sallyport/sallyport/isolation"
)

// A page's arguments are in the plaintext once and in what was parsed of it, and the
// plaintext goes first.
func TestC6NoArgumentsAreLeftInThePlaintext(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	value, _ := b.sessions.Load(c.Session)
	for name, text := range map[string]string{"read": `{"text":"secret"}`, "refused": `{"text":"secret"`} {
		plain := []byte(text)
		one := &call{session: value.(*session), command: b.commands["notes.touch"], args: plain}
		m, refused := one.parse()
		if (refused == nil) != (name == "read") {
			t.Fatalf("%s: %v", name, refused)
		}
		if !bytes.Equal(plain, make([]byte, len(plain))) {
			t.Errorf("%s: the plaintext is %q", name, plain)
		}
		if refused != nil {
			continue
		}
		if v, ok := m.args.Field("text"); !ok || v.Text() != "secret" {
			t.Error("what was parsed went with it")
		}
	}
}

// Items that are not taken become no calls, which would clear them.
func TestC6NoArgumentsAreLeftInABatchThatBreaksARule(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	value, _ := b.sessions.Load(c.Session)
	unknown, after := []byte("secret"), []byte("secret")
	if value.(*session).takeAll([]isolation.Item{{JSON: unknown}, {Kind: isolation.ItemCall, ID: 1, JSON: after}}, time.Now(), time.Now()) {
		t.Fatal("an item of no kind is taken")
	}
	if left := append(unknown, after...); !bytes.Equal(left, make([]byte, len(left))) {
		t.Errorf("the plaintext is %q", left)
	}
}

// A result that the page must not get is in the bytes that would have been sealed.
func TestC6NoUnfitResultIsLeftInItsItem(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	value, _ := b.sessions.Load(c.Session)
	for text, fit := range map[string]bool{`{"text":"secret"}`: true, `{"text":1234567}`: false, `{"text":"secret"`: false} {
		item := []byte(text)
		one := &call{session: value.(*session), command: b.commands["notes.echo"]}
		if err := one.judge(item, nil); (err == nil) != fit {
			t.Fatalf("%s: %v", text, err)
		}
		if cleared := bytes.Equal(item, make([]byte, len(item))); cleared == fit {
			t.Errorf("%s became %q", text, item)
		}
	}
}

package audits

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestMemoryKeepsTheLast(t *testing.T) {
	tests := []struct {
		name          string
		size, written int
		want          []string
	}{
		{"nothing yet", 3, 0, nil},
		{"not yet full", 3, 2, []string{"0", "1"}},
		{"just full", 3, 3, []string{"0", "1", "2"}},
		{"gone round", 3, 7, []string{"4", "5", "6"}},
		{"no size means one", 0, 2, []string{"1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMemory(tt.size)
			for i := range tt.written {
				if err := m.Decide(t.Context(), &Record{ID: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, r := range m.Records() {
				got = append(got, r.ID)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if m.Total() != uint64(tt.written) {
				t.Errorf("total %d, want %d", m.Total(), tt.written)
			}
		})
	}
}

// A recorder must not keep the caller's record, nor hand out its own.
func TestMemoryCopies(t *testing.T) {
	m := NewMemory(2)
	r := sample()
	if err := m.Outcome(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if r.Kind != "" || r.Version != 0 {
		t.Error("the caller's record was changed")
	}
	r.Rules[0].File = "changed by the caller"
	m.Records()[0].Rules[0].File = "changed by a reader"
	got := m.Records()[0]
	if got.Rules[0].File != "notes.rego" || got.Kind != KindOutcome {
		t.Errorf("got %+v", got)
	}

	event := sample()
	event.Terms = &Terms{Windows: []string{"main"}, Commands: []string{"notes.save"}}
	if err := m.Event(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	event.Terms.Windows[0] = "changed by the caller"
	m.Records()[1].Terms.Commands[0] = "changed by a reader"
	if got := m.Records()[1]; got.Terms.Windows[0] != "main" || got.Terms.Commands[0] != "notes.save" || got.Kind != KindEvent {
		t.Errorf("got %+v", got)
	}
}

func TestMemoryFromManyGoroutines(t *testing.T) {
	m := NewMemory(8)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				_ = m.Decide(t.Context(), sample())
				m.Records()
			}
		})
	}
	wg.Wait()
	if m.Total() != 800 {
		t.Errorf("total %d, want 800", m.Total())
	}
}

func TestMAC(t *testing.T) {
	args := []byte(`{"path":"/home/me/secret.txt"}`)
	fixed, err := NewMAC([]byte(strings.Repeat("k", MinMACKey)))
	if err != nil {
		t.Fatal(err)
	}
	one, err := NewMAC(nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := NewMAC(nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		a, b  string
		equal bool
	}{
		{"same arguments", one.Sum("a", args), one.Sum("a", args), true},
		{"other arguments", one.Sum("a", args), one.Sum("a", args[1:]), false},
		{"other command", one.Sum("a", args), one.Sum("b", args), false},
		{"other key", one.Sum("a", args), two.Sum("a", args), false},
		{"command and arguments do not run together", one.Sum("ab", []byte("c")), one.Sum("a", []byte("bc")), false},
		// printf 'a\0{}' | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
		{"as openssl computes it", fixed.Sum("a", []byte("{}")), "79aec28add1179a480e09b3285fdfcbc5fb6ebe19d93cb84966d17daf71af28a", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if (tt.a == tt.b) != tt.equal {
				t.Errorf("%s and %s: equal is %v, want %v", tt.a, tt.b, tt.a == tt.b, tt.equal)
			}
		})
	}
	key := []byte(strings.Repeat("k", MinMACKey))
	copied, err := NewMAC(key)
	if err != nil {
		t.Fatal(err)
	}
	clear(key)
	if copied.Sum("a", args) != fixed.Sum("a", args) {
		t.Error("the caller's key is the MAC's own")
	}
	if _, err := NewMAC([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

func TestNoTwoMessagesHaveOneMAC(t *testing.T) {
	m, err := NewMAC([]byte(strings.Repeat("k", MinMACKey)))
	if err != nil {
		t.Fatal(err)
	}
	type section struct{ media, bytes string }
	sum := func(command, args string, sections ...section) string {
		return m.SumBinary(command, []byte(args), func(yield func(string, []byte) bool) {
			for _, s := range sections {
				if !yield(s.media, []byte(s.bytes)) {
					return
				}
			}
		})
	}
	seen := map[string]string{}
	for name, mac := range map[string]string{
		"no sections":                      sum("a", "{}"),
		"an empty section":                 sum("a", "{}", section{"b/c", ""}),
		"one section":                      sum("a", "{}", section{"b/c", "de"}),
		"of another type":                  sum("a", "{}", section{"b/d", "de"}),
		"with other bytes":                 sum("a", "{}", section{"b/c", "df"}),
		"of a longer type":                 sum("a", "{}", section{"b/cd", "e"}),
		"cut in two":                       sum("a", "{}", section{"b/c", "d"}, section{"b/c", "e"}),
		"cut elsewhere":                    sum("a", "{}", section{"b/c", ""}, section{"b/c", "de"}),
		"the other way round":              sum("a", "{}", section{"b/c", "de"}, section{"b/c", ""}),
		"what a section is made of in one": sum("a", "{}", section{"b/c", "\x00\x03b/c\x00\x00\x00\x00\x00\x00\x00\x02de"}),
		"of another command":               sum("b", "{}", section{"b/c", "de"}),
	} {
		if other, twice := seen[mac]; twice {
			t.Errorf("%s and %s have one MAC", name, other)
		}
		seen[mac] = name
	}
	if sum("a", "{}") != m.Sum("a", []byte("{}")) {
		t.Error("arguments without sections have another MAC than before")
	}
	// printf 'a\0{}\0\3b/c\0\0\0\0\0\0\0\2de' | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
	if got := sum("a", "{}", section{"b/c", "de"}); got != "66a10d4c60e96b7dad4d706d93a42dcddb127fcad52f3e507a5f3a641943c32c" {
		t.Errorf("%s is not what openssl computes", got)
	}
}

func BenchmarkMAC(b *testing.B) {
	m, err := NewMAC(nil)
	if err != nil {
		b.Fatal(err)
	}
	args := make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		m.Sum("notes.save", args)
	}
}

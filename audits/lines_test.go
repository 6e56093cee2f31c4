package audits

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestLinesWritesEachRecordInOneCall(t *testing.T) {
	var calls [][]byte
	l := NewLines(writerFunc(func(p []byte) (int, error) {
		calls = append(calls, bytes.Clone(p))
		return len(p), nil
	}))
	if err := l.Decide(t.Context(), sample()); err != nil {
		t.Fatal(err)
	}
	outcome := sample()
	outcome.Verdict = VerdictDone
	if err := l.Outcome(t.Context(), outcome); err != nil {
		t.Fatal(err)
	}
	if err := l.Event(t.Context(), &Record{Verdict: VerdictGranted, Grant: "g-1"}); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 3 {
		t.Fatalf("%d calls of Write, want 3", len(calls))
	}
	for i, kind := range []string{KindDecision, KindOutcome, KindEvent} {
		if !bytes.HasSuffix(calls[i], []byte("}\n")) || bytes.Count(calls[i], []byte("\n")) != 1 {
			t.Errorf("not one line: %q", calls[i])
		}
		if r, err := decode(calls[i]); err != nil || r.Kind != kind {
			t.Errorf("read %q, %v; want a %s", r.Kind, err, kind)
		}
	}
}

// A decision that fell is recorded also when its call was given up meanwhile.
func TestLinesWritesForADoneContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := NewLines(&out).Decide(ctx, sample()); err != nil || out.Len() == 0 {
		t.Errorf("wrote %d bytes, %v", out.Len(), err)
	}
}

// However a write fails, that call and every later one is refused, and the
// writer is not called again.
func TestLinesIsClosedByAFailedWrite(t *testing.T) {
	cause := errors.New("no space left")
	tests := []struct {
		name  string
		write func(p []byte) (int, error)
		want  error
	}{
		{"nothing written", func([]byte) (int, error) { return 0, cause }, cause},
		{"half written", func(p []byte) (int, error) { return len(p) / 2, cause }, cause},
		{"short without an error", func(p []byte) (int, error) { return len(p) - 1, nil }, io.ErrShortWrite},
		{"all written and yet an error", func(p []byte) (int, error) { return len(p), cause }, cause},
		{"more than all claimed", func(p []byte) (int, error) { return len(p) + 1, nil }, io.ErrShortWrite},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			l := NewLines(writerFunc(func(p []byte) (int, error) {
				if calls++; calls == 1 {
					return len(p), nil
				}
				if calls == 2 {
					return tt.write(p)
				}
				return len(p), nil // space is back
			}))
			if err := l.Decide(t.Context(), sample()); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if err := l.Decide(t.Context(), sample()); !errors.Is(err, tt.want) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
			}
			if err := l.Outcome(t.Context(), sample()); !errors.Is(err, tt.want) {
				t.Errorf("outcome: got %v, want %v", err, tt.want)
			}
			if calls != 2 {
				t.Errorf("the writer was called %d times, want 2", calls)
			}
			if err := l.Err(); !errors.Is(err, tt.want) {
				t.Errorf("Err is %v, want %v", err, tt.want)
			}
		})
	}
}

func TestLinesIsClosedByAPanickingWriter(t *testing.T) {
	l := NewLines(writerFunc(func([]byte) (int, error) { panic("writer") }))
	func() {
		defer func() { recover() }()
		_ = l.Decide(t.Context(), sample())
	}()
	if err := l.Decide(t.Context(), sample()); !errors.Is(err, errInterrupted) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestLinesRefusesOnAFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		// /dev/full is Linux's; elsewhere the table above stands for it.
		return
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	l := NewLines(full)
	for range 2 {
		if err := l.Decide(t.Context(), sample()); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("got %v, want a refusal that names the full disk", err)
		}
	}
}

func TestLinesOfManyWritersNeverMix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	l, err := OpenLines(path)
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 16, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				r := sample()
				r.ID = fmt.Sprintf("%d-%d", w, i)
				r.Reason = strings.Repeat(string(rune('a'+w)), 10+i)
				if err := l.Decide(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := map[string]bool{}
	for r, err := range Scan(f) {
		if err != nil {
			t.Fatal(err)
		}
		seen[r.ID] = true
	}
	if len(seen) != writers*each {
		t.Errorf("%d different records, want %d", len(seen), writers*each)
	}
}

func TestOpenLinesIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // access there is the folder's list, not mode bits
	}
	path := filepath.Join(t.TempDir(), "state", "notes", "decisions.jsonl")
	open := func() {
		t.Helper()
		l, err := OpenLines(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := func(p string, mode os.FileMode) {
		t.Helper()
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("%s has mode %o, want %o", filepath.Base(p), got, mode)
		}
	}
	open()
	want(path, 0o600)
	want(filepath.Dir(path), 0o700)

	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	open()
	want(path, 0o600)
}

func TestOpenLinesRefusals(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken.jsonl")
	l, err := OpenLines(taken)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tests := []struct{ name, path, want string }{
		{"a second writer", taken, "another process"},
		{"a folder", dir, "not a regular file"},
		{"a device", os.DevNull, "not a regular file"},
		{"below a file", filepath.Join(taken, "x"), "not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := OpenLines(tt.path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenLines(taken)
	if err != nil {
		t.Fatalf("after Close the file is free: %v", err)
	}
	again.Close()
}

// Whatever a dying writer left at the end, the next record stands on a line of
// its own and nothing is deleted.
func TestOpenLinesEndsATornLine(t *testing.T) {
	whole := string(append(appendRecord(nil, KindDecision, sample()), '\n'))
	tests := []struct {
		name, before string
		records, bad int
	}{
		{"an empty file", "", 1, 0},
		{"whole lines", whole + whole, 3, 0},
		{"half a line", whole + whole[:len(whole)/2], 2, 1},
		{"one byte of a line", whole + "{", 2, 1},
		{"only the newline missing", whole + whole[:len(whole)-1], 3, 0},
		{"another file by mistake", "export PATH=/bin", 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "decisions.jsonl")
			if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := OpenLines(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Decide(t.Context(), sample()); err != nil {
				t.Fatal(err)
			}
			l.Close()
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(after), tt.before) || !strings.HasSuffix(string(after), "\n"+whole) && tt.before != "" {
				t.Fatalf("file became %q", after)
			}
			records, bad := 0, 0
			for _, err := range Scan(bytes.NewReader(after)) {
				if err != nil {
					bad++
				} else {
					records++
				}
			}
			if records != tt.records || bad != tt.bad {
				t.Errorf("%d records and %d bad lines, want %d and %d", records, bad, tt.records, tt.bad)
			}
		})
	}
}

// On a disk that fills up inside a record, the half line is taken back and the
// lines before it stay.
func TestLinesTakesBackHalfALine(t *testing.T) {
	disk := &smallDisk{room: 1000}
	l := &Lines{w: disk, file: disk}
	kept := 0
	var err error
	for ; kept < 10; kept++ {
		if err = l.Decide(t.Context(), sample()); err != nil {
			break
		}
	}
	if kept == 0 || kept == 10 {
		t.Fatalf("%d records on a disk of 1000 bytes", kept)
	}
	if !errors.Is(err, errFull) {
		t.Errorf("got %v, want the disk's error", err)
	}
	disk.room = 1 << 20
	if err := l.Decide(t.Context(), sample()); err == nil {
		t.Error("a record was taken after a failed one")
	}
	whole := 0
	for _, err := range Scan(bytes.NewReader(disk.data)) {
		if err != nil {
			t.Errorf("left behind: %v", err)
		}
		whole++
	}
	if whole != kept {
		t.Errorf("%d lines stand, want %d", whole, kept)
	}
}

func TestScanTakesRecordsOfItsVersionAlone(t *testing.T) {
	whole := string(appendRecord(nil, KindDecision, &Record{ID: "a-1", Verdict: VerdictAllow}))
	for name, line := range map[string]string{
		"a later version":          strings.Replace(whole, `{"v":1,`, `{"v":2,`, 1),
		"no version":               strings.Replace(whole, `"v":1,`, ``, 1),
		"a member that nobody has": strings.Replace(whole, `"v":1,`, `"v":1,"verdct":"deny",`, 1),
		"two records in one line":  whole + whole,
		"half a record":            whole[:len(whole)-5],
		"nothing":                  "",
	} {
		var records, faults int
		for r, err := range Scan(strings.NewReader(line + "\n" + whole + "\n")) {
			switch {
			case err == nil && r.ID == "a-1":
				records++
			case err != nil && r.ID == "" && strings.Contains(err.Error(), "line 1:"):
				faults++
			}
		}
		if records != 1 || faults != 1 {
			t.Errorf("%s: %d records and %d faults, want one of each", name, records, faults)
		}
	}
}

func TestLinesRefusesAfterClose(t *testing.T) {
	l, err := OpenLines(filepath.Join(t.TempDir(), "d.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Decide(t.Context(), sample()); !errors.Is(err, errClosed) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func BenchmarkLines(b *testing.B) {
	l, err := OpenLines(filepath.Join(b.TempDir(), "d.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	r := sample()
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Decide(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

var errFull = errors.New("disk full")

// smallDisk is a file on a disk with little room.
type smallDisk struct {
	data []byte
	room int
}

func (d *smallDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room-len(d.data))
	d.data = append(d.data, p[:n]...)
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func (d *smallDisk) Truncate(size int64) error { d.data = d.data[:size]; return nil }
func (d *smallDisk) Close() error              { return nil }

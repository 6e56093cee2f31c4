package fleet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// A mark is one revision and what it stood for.
type mark struct {
	Revision string `json:"revision"`
	Digest   string `json:"digest"`
}

// highest remembers the highest mark that ever counted, in a file. The zero mark is none.
type highest struct {
	path string
	mark mark
}

func openHighest(path string) (*highest, error) {
	h := &highest{path: path}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(&h.mark)
	if err == nil && d.Decode(new(any)) != io.EOF {
		err = errors.New("more than one value")
	}
	if err == nil && h.mark.Digest == "" {
		err = errors.New("no digest")
	}
	if err == nil {
		_, err = parseOrder(h.mark.Revision)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: not what this package wrote there: %w. Remove the file to accept whatever revision comes next", path, err)
	}
	return h, nil
}

// follow says whether next may follow what is remembered. If so, keep remembers it; the disk has
// room for it then.
func (h *highest) follow(next mark) (keep func() error, err error) {
	to, err := parseOrder(next.Revision)
	if err != nil {
		return nil, err
	}
	nothing := func() error { return nil }
	if h.mark == (mark{}) {
		return h.prepare(next)
	}
	from, err := parseOrder(h.mark.Revision)
	if err != nil {
		return nil, err
	}
	if from.instant != to.instant {
		return nil, fmt.Errorf("%s can't be compared with %s, which was in force: expected the same kind of revision", next.Revision, h.mark.Revision)
	}
	switch c := from.compare(to); {
	case c > 0:
		return nil, fmt.Errorf("%s is older than %s, which was in force: give what you want to go back to a new revision", next.Revision, h.mark.Revision)
	case c < 0:
		return h.prepare(next)
	case next.Digest != h.mark.Digest:
		return nil, fmt.Errorf("%s was in force with other contents: expected a new revision for new contents", next.Revision)
	}
	return nothing, nil
}

// prepare writes next beside the file; keep puts it in its place.
func (h *highest) prepare(next mark) (keep func() error, err error) {
	text, err := json.Marshal(next)
	if err != nil {
		return nil, err
	}
	prepared := h.path + ".next"
	if err := write(prepared, append(text, '\n')); err != nil {
		return nil, fmt.Errorf("no room to remember the revision: %w", err)
	}
	return func() error {
		if err := os.Rename(prepared, h.path); err != nil {
			return fmt.Errorf("in force, but its revision can't be remembered: %w", err)
		}
		h.mark = next
		return syncDir(filepath.Dir(h.path))
	}, nil
}

func write(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// order is a revision as a place in time or in a count.
type order struct {
	instant bool
	number  uint64
	time    time.Time
}

func parseOrder(revision string) (order, error) {
	if regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`).MatchString(revision) {
		n, err := strconv.ParseUint(revision, 10, 64)
		return order{number: n}, err
	}
	t, err := time.Parse(time.RFC3339, revision)
	if err != nil {
		return order{}, fmt.Errorf("%.80q: expected a decimal integer, such as 42, or an RFC 3339 instant, such as 2026-01-31T12:00:00Z: "+
			"revisions must have an order", revision)
	}
	return order{instant: true, time: t}, nil
}

func (o order) compare(to order) int {
	if o.instant {
		return o.time.Compare(to.time)
	}
	return cmp.Compare(o.number, to.number)
}

package core

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport/sallyport/audits"
)

// The answers for always, as a file has them. No text of a page's is in it:
// the arguments and the question, which may quote them, are in the digest.
type answersFile struct {
	Version int           `json:"version"`
	Key     []byte        `json:"key"` // of the digests, so that short arguments can't be guessed from them alone
	Answers []savedAnswer `json:"answers"`
}

type savedAnswer struct {
	ID         string    `json:"id"`
	Time       time.Time `json:"time"`
	Capability string    `json:"capability"`
	File       string    `json:"file"`
	Line       int       `json:"line"`
	Revision   string    `json:"revision"`
	Window     string    `json:"window"`
	Origin     string    `json:"origin,omitzero"`
	Command    string    `json:"command"`
	Digest     string    `json:"digest"`
}

const (
	answersVersion = 1
	maxAnswersFile = 8 << 20 // bytes; some 4,096 answers have a third of it
)

// openAnswers reads the answers for always, but for those of another policy.
// Without a file name there are none and will be none.
func openAnswers(file, revision string) (*answers, error) {
	if file == "" {
		return newAnswers(nil)
	}
	saved, err := readAnswers(file)
	if err != nil {
		return nil, fmt.Errorf("core: the kept answers in %s: %w; set it right, or delete the file: the user is then asked again", file, err)
	}
	if saved == nil {
		saved = &answersFile{Key: make([]byte, audits.MinMACKey)}
		rand.Read(saved.Key) // never fails
	}
	a, err := newAnswers(saved.Key)
	if err != nil {
		return nil, err
	}
	a.file = file
	for _, s := range saved.Answers {
		if s.Revision == revision {
			a.kept[keptKey{digest: s.Digest}] = KeptAnswer{
				ID: s.ID, Answer: AnswerAlways, Time: s.Time, Capability: s.Capability, File: s.File, Line: s.Line,
				Revision: s.Revision, Window: s.Window, Origin: s.Origin, Command: s.Command,
			}
		}
	}
	return a, nil
}

// readAnswers is nil without an error where there is no file yet.
func readAnswers(file string) (*answersFile, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, errors.Unwrap(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("a regular file was expected")
	case info.Size() > maxAnswersFile:
		return nil, fmt.Errorf("at most %d bytes were expected", maxAnswersFile)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		// Whoever else could write it may have answered in the user's place.
		return nil, fmt.Errorf("it is open to other users (%v), 0600 was expected", info.Mode().Perm())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	// The version first: what else there is depends on it.
	var head struct {
		Version int            `json:"version"`
		Rest    jsontext.Value `json:",inline"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	if head.Version != answersVersion {
		return nil, fmt.Errorf("version: %d was expected, not %d", answersVersion, head.Version)
	}
	var all answersFile
	if err := json.Unmarshal(text, &all, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	return &all, all.check()
}

var (
	answerID = regexp.MustCompile(fmt.Sprintf(`^[a-z2-7]{%d}$`, answerIDSize))
	digest   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (f *answersFile) check() error {
	if len(f.Key) != audits.MinMACKey {
		return fmt.Errorf("key: %d bytes were expected", audits.MinMACKey)
	}
	if f.Answers == nil || len(f.Answers) > maxKept {
		return fmt.Errorf("answers: a list of at most %d was expected", maxKept)
	}
	ids, digests := make(map[string]bool), make(map[string]bool)
	for i, s := range f.Answers {
		problem := ""
		switch {
		case !answerID.MatchString(s.ID) || ids[s.ID]:
			problem = "id: a unique one was expected"
		case !digest.MatchString(s.Digest) || digests[s.Digest]:
			problem = "digest: a unique one was expected"
		case s.Time.IsZero():
			problem = "time: when the answer was given was expected"
		case s.Capability == "" || s.File == "" || s.Line < 1 || s.Revision == "" || s.Window == "" || s.Command == "":
			problem = "capability, file, line, revision, window and command were expected"
		}
		if problem != "" {
			return fmt.Errorf("answers[%d].%s", i, problem)
		}
		ids[s.ID], digests[s.Digest] = true, true
	}
	return nil
}

// save writes the answers for always beside the file and puts that in its
// place, so that there is always one that is whole. The caller holds a.mu.
func (a *answers) save() error {
	saved := answersFile{Version: answersVersion, Key: a.key, Answers: []savedAnswer{}}
	for key, k := range a.kept {
		if k.Answer == AnswerAlways {
			saved.Answers = append(saved.Answers, savedAnswer{
				ID: k.ID, Time: k.Time, Capability: k.Capability, File: k.File, Line: k.Line,
				Revision: k.Revision, Window: k.Window, Origin: k.Origin, Command: k.Command, Digest: key.digest,
			})
		}
	}
	slices.SortFunc(saved.Answers, func(x, y savedAnswer) int { return strings.Compare(x.ID, y.ID) })
	var text bytes.Buffer
	if err := json.MarshalWrite(&text, saved, jsontext.Multiline(true)); err != nil {
		return err
	}
	return replaceFile(a.file, append(text.Bytes(), '\n'))
}

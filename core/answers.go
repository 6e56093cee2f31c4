package core

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/audits"
)

const (
	// maxKept bounds the answers that are kept. Where it is reached, only
	// "once" is offered.
	maxKept = 4096
	// noFor is how long a no answers equal calls without asking anew.
	noFor = 30 * time.Second
)

// A KeptAnswer is an answer of the user's that the app goes by.
type KeptAnswer struct {
	ID     string // for Forget; random
	Answer Answer // AnswerSession, AnswerAlways, or for some seconds AnswerNo
	Time   time.Time

	// What it is about, beside the arguments and the very question, of which
	// only a digest is kept.
	Capability string // the rule that asked
	File       string
	Line       int
	Revision   string // of the policy; with another one the answer does not count
	Window     string
	Origin     string // "" is the app's own page under whatever origin a run has minted
	Command    string
	Session    string // of AnswerSession, else ""
}

// answers keeps what the user has answered. It is safe for concurrent use.
type answers struct {
	mac  *audits.MAC // of bindings
	key  []byte      // of mac
	file string      // of answers for always; "" if there is none

	mu   sync.Mutex
	kept map[keptKey]KeptAnswer
}

// keptKey finds an answer.
type keptKey struct{ digest, session string } // session is "" unless the answer is for one

func newAnswers(key []byte) (*answers, error) {
	if key == nil {
		key = make([]byte, audits.MinMACKey)
		rand.Read(key) // never fails
	}
	mac, err := audits.NewMAC(key)
	if err != nil {
		return nil, err
	}
	return &answers{mac: mac, key: key, kept: make(map[keptKey]KeptAnswer)}, nil
}

// of is the kept answer to a binding in a session.
func (a *answers) of(b *binding, session string, now time.Time) (Answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range []keptKey{{b.digest, ""}, {b.digest, session}} {
		if kept, ok := a.kept[key]; ok && !kept.over(now) {
			return kept.Answer, true
		}
	}
	return AnswerNo, false
}

func (k KeptAnswer) over(now time.Time) bool {
	return k.Answer == AnswerNo && now.Sub(k.Time) >= noFor
}

// possible are the answers beside no that there is a place to keep.
func (a *answers) possible() []Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case len(a.kept) >= maxKept:
		return []Answer{AnswerOnce}
	case a.file == "":
		return []Answer{AnswerOnce, AnswerSession}
	}
	return []Answer{AnswerOnce, AnswerSession, AnswerAlways}
}

// keep keeps an answer for each of the bindings. After an error of the file an
// answer for always is one for the session.
func (a *answers) keep(answer Answer, bindings []binding, session string, now time.Time) error {
	if answer == AnswerOnce {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, kept := range a.kept {
		if kept.over(now) {
			delete(a.kept, key)
		}
	}
	var added []keptKey
	for i := range bindings {
		if len(a.kept) >= maxKept {
			break
		}
		key, kept := bindings[i].kept(answer, session, now)
		a.kept[key] = kept
		added = append(added, key)
	}
	if answer != AnswerAlways {
		return nil
	}
	err := a.save()
	if err != nil {
		for _, key := range added {
			delete(a.kept, key)
		}
		for i := range bindings {
			key, kept := bindings[i].kept(AnswerSession, session, now)
			a.kept[key] = kept
		}
	}
	return err
}

func (b *binding) kept(answer Answer, session string, now time.Time) (keptKey, KeptAnswer) {
	if answer != AnswerSession {
		session = ""
	}
	return keptKey{b.digest, session}, KeptAnswer{
		ID: newAnswerID(), Answer: answer, Time: now.UTC().Truncate(time.Second), Capability: b.rule.Capability, File: b.rule.File, Line: b.rule.Line,
		Revision: b.revision, Window: b.window, Origin: b.origin, Command: b.command, Session: session,
	}
}

func newAnswerID() string { return strings.ToLower(rand.Text()[:answerIDSize]) }

const answerIDSize = 16

// endSession forgets what was answered for a session.
func (a *answers) endSession(session string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key := range a.kept {
		if key.session == session {
			delete(a.kept, key)
		}
	}
}

// Answers lists the answers that the user has given and that still count, the
// oldest first. It is empty where there is no Prompter.
func (app *App) Answers() []KeptAnswer {
	if app.answers == nil {
		return nil
	}
	now := time.Now()
	app.answers.mu.Lock()
	defer app.answers.mu.Unlock()
	var all []KeptAnswer
	for _, kept := range app.answers.kept {
		if !kept.over(now) {
			all = append(all, kept)
		}
	}
	slices.SortFunc(all, func(a, b KeptAnswer) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Forget revokes an answer: the next equal call is asked about again. Calls
// that are under way go on. An id that is not kept is an error. So is a file
// that can't be written: the answer counts no more in this run, and is back in
// the next.
func (app *App) Forget(id string) error {
	a := app.answers
	if a == nil {
		return errors.New("core: no answer is kept: the app has no Prompter, or has not started")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, kept := range a.kept {
		if kept.ID != id {
			continue
		}
		delete(a.kept, key)
		if kept.Answer != AnswerAlways {
			return nil
		}
		if err := a.save(); err != nil {
			return fmt.Errorf("core: the answer is forgotten for this run, and comes back with the next: %w", err)
		}
		return nil
	}
	return fmt.Errorf("core: no answer %q is kept; App.Answers lists them", id)
}

package core

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/schema"
)

const (
	userWithin = 10 * time.Second // how long Config.User may take
	maxUser    = 64 << 10         // bytes of what it says, as JSON
)

// A user is what the app says of a session's user, once it has.
type user struct {
	once  sync.Once
	known chan struct{} // closed when value and err are set
	value schema.Value  // nil if the app knows nobody
	err   error
}

// errUser refuses the calls of a session whose user could not be told.
var errUser = &refusal{code: CodeDenied, reason: "Config.User could not say whose session it is; the log has its error"}

// identify asks the app whose session it is, beside the session's calls.
func (s *session) identify() {
	ask := s.app.config.User
	if ask == nil {
		return
	}
	u := &user{known: make(chan struct{})}
	s.user = u
	if !s.app.asides.enter() { // the app shuts down
		s.told(nil, errors.New("the app is shutting down"))
		return
	}
	go func() {
		defer s.app.asides.leave()
		defer s.told(nil, errors.New("it ended its goroutine")) // unless it told before
		ctx, cancel := context.WithTimeout(s.link.Context(), s.app.userWithin)
		defer cancel()
		// Calls don't wait longer for a function that does not listen.
		defer context.AfterFunc(ctx, func() { s.told(nil, context.Cause(ctx)) })()
		s.told(askUser(ctx, ask, Identity{Window: s.window.label, Origin: s.window.origin, Session: s.link.ID()}))
	}()
}

// askUser has what the app says read as strictly as a page's message.
func askUser(ctx context.Context, ask func(context.Context, Identity) (any, error), who Identity) (_ schema.Value, err error) {
	returned := false
	defer func() {
		if !returned {
			err = fmt.Errorf("it panicked with %s", panicText(recover()))
		}
	}()
	said, err := ask(ctx, who)
	returned = true
	if err != nil || said == nil {
		return nil, err
	}
	text, err := encodeJSON(said, maxUser)
	if err != nil {
		return nil, fmt.Errorf("what it returned is no JSON of at most %d bytes: %w", maxUser, err)
	}
	return schema.Parse(text, schema.Limits{Size: maxUser})
}

// told takes the first answer. One that is none is logged before any call is
// denied for it.
func (s *session) told(value schema.Value, err error) {
	u := s.user
	u.once.Do(func() {
		if err != nil && s.link.Context().Err() == nil {
			s.logUser(err)
		}
		u.value, u.err = value, err
		close(u.known)
	})
}

func (s *session) logUser(err error) {
	attrs := []any{"session", s.link.ID(), "window", s.window.label, "err", errorTypes(err)}
	if s.app.development {
		attrs = append(attrs, "text", quoted(err))
	}
	s.app.log.Error("core: Config.User failed; the session's calls are denied", attrs...)
}

// user waits for the app to say whose session it is. A hidden command is denied
// whoever it is, and does not wait: a page could tell it from none by that.
func (c *call) user() (schema.Value, *refusal) {
	c.record.Stage = audits.StagePolicy
	u := c.session.user
	switch {
	case u == nil:
		return nil, nil
	case c.hidden:
		select {
		case <-u.known:
			return u.value, nil
		default:
			return nil, nil
		}
	}
	defer func() { c.mark = time.Now() }() // waiting is no part of the policy's time
	select {
	case <-u.known:
	case <-c.context.Done():
		return nil, c.interrupted()
	}
	if u.err != nil {
		return nil, errUser
	}
	return u.value, nil
}

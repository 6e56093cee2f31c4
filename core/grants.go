package core

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// maxGrants is how many grants may stand at once.
const maxGrants = 1024

// Grant permits calls that no capability allows, from the next one on, and
// returns the id by which it is revoked. It is on record before it counts. The
// app must have been started. It may be called from many goroutines.
func (app *App) Grant(g Grant) (id string, err error) {
	if app.gate.Load() == nil || app.work.closed.Load() {
		return "", errors.New("core: Grant is for an app that runs; before that, capabilities say what is permitted")
	}
	if g.ID != "" || !g.Since.IsZero() {
		return "", errors.New("core: Grant: ID and Since are the app's to give")
	}
	now := time.Now()
	h, err := app.newGrant(g, now)
	if err == nil && g.UntilNavigation {
		err = app.bindGrant(h)
	}
	if err != nil {
		return "", fmt.Errorf("core: Grant: %w", err)
	}
	h.ID, h.Since = "g-"+strings.ToLower(rand.Text()), now.Round(0)
	if err := app.enforce(h); err != nil {
		return "", fmt.Errorf("core: Grant: %w", err)
	}
	app.log.Info("core: granted", "grant", h.ID, "windows", h.Windows, "commands", h.Commands)
	return h.ID, nil
}

// bindGrant gives a grant to the documents that are open in its windows.
func (app *App) bindGrant(g *grant) error {
	g.sessions = make(map[*session]struct{})
	for _, value := range app.sessions.Range {
		if s := value.(*session); g.windows[s.window.label] && s.link.Context().Err() == nil {
			g.sessions[s] = struct{}{}
		}
	}
	switch n := len(g.sessions); {
	case n == 0:
		return errors.New("UntilNavigation, and none of its windows has a page open")
	case n > maxGrantList:
		return fmt.Errorf("UntilNavigation, and its windows have %d pages open, more than the record can show; name fewer windows", n)
	}
	g.waiting = maps.Clone(g.sessions)
	return nil
}

// enforce puts a grant on record, keeps it if it is to persist, and lets it
// count.
func (app *App) enforce(g *grant) error {
	gs := &app.grants
	gs.writing.Lock()
	defer gs.writing.Unlock()
	if gs.count() >= maxGrants {
		return fmt.Errorf("%d grants stand already; revoke some", maxGrants)
	}
	event := audits.Record{Verdict: audits.VerdictGranted, Grant: g.ID, Reason: g.Reason, Terms: g.terms()}
	if err := app.event(event); err != nil {
		return err
	}
	if g.Persist {
		if err := gs.keep(g); err != nil {
			_ = app.event(audits.Record{Verdict: audits.VerdictEnded, Grant: g.ID, Reason: "it could not be kept, and never counted"})
			return err
		}
	}
	if !gs.add(app, g) {
		err := errors.New("the app is shutting down")
		if g.Persist {
			err = errors.Join(err, gs.keep(nil))
		}
		return err
	}
	for s := range g.sessions { // one may have ended since, and found nothing to end
		if s.link.Context().Err() != nil {
			app.leaveGrants(s)
		}
	}
	return nil
}

// Revoke ends a grant. It counts for no call that begins after Revoke was
// called, whatever else fails: an error says that there is no such grant, or
// that its end could not be recorded or kept. Calls that run by it go on, unless
// it says CancelRunning, or they stream and nothing else permits them.
func (app *App) Revoke(id string) error {
	g := app.grants.find(id)
	if g == nil {
		return fmt.Errorf("core: Revoke: no grant %q stands", id)
	}
	ended, err := app.endGrant(g, audits.VerdictRevoked, "the app revoked it")
	switch {
	case err != nil:
		return fmt.Errorf("core: Revoke: grant %s counts no more, but %w", id, err)
	case !ended:
		return fmt.Errorf("core: Revoke: no grant %q stands", id)
	}
	return nil
}

// Grants lists the grants that stand, and those of Once whose call has not
// ended, the oldest first. The caller may keep it.
func (app *App) Grants() []Grant {
	gs := &app.grants
	gs.mu.Lock()
	defer gs.mu.Unlock()
	list := make([]Grant, 0, len(gs.all))
	for _, g := range gs.all {
		list = append(list, g.public())
	}
	slices.SortFunc(list, func(a, b Grant) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return list
}

// endGrant lets a grant count no more, and then puts that on record. False says
// that it had ended.
func (app *App) endGrant(g *grant, verdict, why string) (ended bool, err error) {
	if !app.grants.remove(g) {
		return false, nil
	}
	app.reauthorize("the grant that it ran by has ended: " + why)
	app.log.Info("core: grant ended", "grant", g.ID, "why", why)
	app.grants.writing.Lock()
	defer app.grants.writing.Unlock()
	if g.Persist {
		err = app.grants.keep(nil)
	}
	return true, errors.Join(err, app.event(audits.Record{Verdict: verdict, Grant: g.ID, Reason: why}))
}

// granted reports whether a grant permits a call that the policy answered so,
// and uses it. Only what nothing allowed can be granted: an answer with a rule
// behind it stands, and one that names no revision is none.
func (c *call) granted(d policy.Decision, args schema.Value, now time.Time) bool {
	if c.hidden || d.Effect != policy.Deny || len(d.Rules) > 0 || d.Revision != c.rules.Revision() {
		return false
	}
	for _, g := range c.session.app.grants.of(c.command.name) {
		if !g.covers(c.session, now) || !g.asks(args) {
			continue
		}
		c.grant.Store(g) // before it is taken, so that its end finds the call or the call its end
		if g.take() {
			c.record.Grant = g.ID
			if g.Once {
				c.session.app.grants.reindex()
			}
			return true
		}
		c.grant.Store(nil)
	}
	return false
}

// mightGrant reports whether some arguments of a command could be granted to a
// session: then the command is none that it must not know of.
func (s *session) mightGrant(c *command, now time.Time) bool {
	return c != nil && slices.ContainsFunc(s.app.grants.of(c.name), func(g *grant) bool { return g.covers(s, now) })
}

// leaveGrants ends the grants whose last document a session was.
func (app *App) leaveGrants(s *session) {
	for _, g := range app.grants.left(s) {
		if app.asides.enter() {
			go func() { // isolation's goroutine is not for writing
				defer app.asides.leave()
				_, _ = app.endGrant(g, audits.VerdictEnded, "the pages that it was for are gone") // both log
			}()
		}
	}
}

// expire ends a grant whose time has come, or looks again soon: a timer
// knows nothing of a clock that was set or a machine that slept.
func (app *App) expire(g *grant) {
	if !app.asides.enter() {
		return
	}
	defer app.asides.leave()
	if !g.expired(time.Now()) {
		app.grants.arm(app, g)
		return
	}
	if _, err := app.endGrant(g, audits.VerdictExpired, "it has expired"); err != nil {
		app.log.Error("core: a grant has expired, but that could not be written down", "grant", g.ID, "err", err)
	}
}

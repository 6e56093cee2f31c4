package core

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport/sallyport/policy"
)

// A bound is what one window may still use of one command by the policy's
// limits. It lives as long as the app, so that neither a fresh frame nor a
// reload of the capabilities fills it up.
type bound struct {
	mu    sync.Mutex
	set   policy.Limits // what calls and bytes are adjusted to
	calls *rate.Limiter // nil until the policy first limits them
	bytes *rate.Limiter
	under int // calls under way
}

// enter counts a call with n bytes of arguments as under way, or says which
// limit has no room for it; then nothing is taken but tokens of a rate. most
// is how large the arguments of one call can be at all.
func (b *bound) enter(now time.Time, l policy.Limits, n, most int) *refusal {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.adjust(now, l, most)
	switch {
	case l.Bytes > 0 && n > l.Bytes:
		return &refusal{code: CodeTooLarge, reason: "the arguments are larger than the policy's limit"}
	case l.Concurrency > 0 && b.under >= l.Concurrency:
		return &refusal{code: CodeBusy, reason: "as many calls of the command as the policy permits are under way"}
	case l.CallsPerSecond > 0 && !b.calls.AllowN(now, 1):
		return &refusal{code: CodeRateLimited, reason: "the policy's calls per second of the command are used up"}
	case l.BytesPerSecond > 0 && !b.bytes.AllowN(now, n):
		return &refusal{code: CodeRateLimited, reason: "the policy's bytes per second of the command are used up"}
	}
	b.under++
	return nil
}

func (b *bound) leave() {
	b.mu.Lock()
	b.under--
	b.mu.Unlock()
}

// adjust makes the limiters those of l. A rate that the policy no longer limits
// keeps its limiter, for it may do so again.
func (b *bound) adjust(now time.Time, l policy.Limits, most int) {
	if l == b.set {
		return
	}
	b.set = l
	if l.CallsPerSecond > 0 {
		b.calls = adjusted(b.calls, now, l.CallsPerSecond, cmp.Or(l.Burst, max(1, int(l.CallsPerSecond))))
	}
	if l.BytesPerSecond > 0 {
		// Arguments that one second has no room for may come once and use up the seconds after.
		room := max(cmp.Or(l.Bytes, most), int(min(l.BytesPerSecond, math.MaxInt32)))
		b.bytes = adjusted(b.bytes, now, l.BytesPerSecond, room)
	}
}

// adjusted is a limiter of that rate that has no more left than before.
func adjusted(l *rate.Limiter, now time.Time, perSecond float64, burst int) *rate.Limiter {
	if l == nil {
		return rate.NewLimiter(rate.Limit(perSecond), burst)
	}
	l.SetLimitAt(now, rate.Limit(perSecond))
	l.SetBurstAt(now, burst)
	return l
}

// bind takes what the call needs of the policy's limits. An error of the policy
// refuses the call.
func (c *call) bind(ctx context.Context, now time.Time) (refused *refusal) {
	defer func() {
		if value := recover(); value != nil {
			refused = &refusal{code: CodeDenied, reason: "the policy's limits: a panic: " + panicText(value)}
		}
	}()
	limits, err := c.rules.Limits(ctx, c.session.app.outline(c.session.window, c.command, now))
	if err != nil {
		return &refusal{code: CodeDenied, reason: fmt.Sprintf("the policy's limits: %v", err), private: true}
	}
	b := c.session.window.bounds[c.command.key()]
	if refused = b.enter(now, limits, len(c.args), c.limits().ArgsBytes); refused == nil {
		c.bound = b
	}
	return refused
}

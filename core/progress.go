package core

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/isolation"
)

const (
	// progressEvery is how far two reports of one call are apart at least: twenty a
	// second look smooth to a user.
	progressEvery = 50 * time.Millisecond
	// maxProgressText is what an item has room for.
	maxProgressText = 255
	// maxProgress is the greatest whole number that a page's numbers hold.
	maxProgress = 1<<53 - 1
)

// A Reporter tells a page how far a call has come. The zero Reporter tells nobody.
// Its method may be called from many goroutines, also when the call is over.
type Reporter struct{ p *progress }

// Progress is the reporter of the call whose handler was given ctx, or one derived
// from that. Where the page has not asked for progress, and where ctx is no
// handler's, it reports nothing, which costs nothing.
func Progress(ctx context.Context) *Reporter {
	c, err := callOf(ctx)
	if err != nil || c.wants&isolation.WantsProgress == 0 {
		return new(Reporter)
	}
	c.progress.CompareAndSwap(nil, &progress{link: c.session.link, number: c.number})
	return &Reporter{c.progress.Load()}
}

// Report says that done of total is done, in any unit; a total of 0 is not known.
// Both lie between 0 and 2^53-1, else the nearest of them is reported. text is for the
// user, at most 255 bytes of UTF-8; what is longer is cut before a character, what is
// no UTF-8 replaced.
//
// A call's reports are 50 ms apart: of more than that the latest is sent when it is
// time, or right before the call's answer. None comes after that. Report never
// waits: while a page does not read, one report waits for it, and the latest here.
func (r *Reporter) Report(done, total int64, text string) {
	if r.p == nil {
		return
	}
	r.p.report(report{clampProgress(done), clampProgress(total), cutProgress(text)})
}

type report struct {
	done, total uint64
	text        string
}

// A progress is what one call has reported.
type progress struct {
	link   *isolation.Session
	number uint32 // of the call

	mu     sync.Mutex
	latest report
	waits  bool            // the latest is not sent yet
	next   time.Time       // nothing is sent before
	before isolation.Place // of what was sent last
	timer  *time.Timer     // set while the latest waits
	over   bool            // the call is answered
}

// noProgress is what a call has that is answered: nobody begins anew.
var noProgress = &progress{over: true}

func (p *progress) report(r report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.latest = r
	if !p.waits {
		p.waits = true
		p.send()
	}
}

// send sends the latest, or tries again later: when it is time, and when the page
// has taken the one before. Called with mu held.
func (p *progress) send() {
	now := time.Now()
	if !now.Before(p.next) {
		p.next = now.Add(progressEvery)
		if p.link.Passed(p.before) && p.post() {
			return
		}
	}
	if p.timer == nil {
		p.timer = time.AfterFunc(p.next.Sub(now), p.again)
	} else {
		p.timer.Reset(p.next.Sub(now))
	}
}

func (p *progress) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waits && !p.over {
		p.send()
	}
}

// post hands the latest over. Called with mu held.
func (p *progress) post() bool {
	at, queued := p.link.Post(isolation.AppendProgress(nil, p.number, p.latest.done, p.latest.total, p.latest.text))
	if queued {
		p.before, p.waits = at, false
	}
	return queued
}

// endProgress sends what still waits, or drops it where the page has no room for
// it. The answer comes right after it, and nothing after that.
func (c *call) endProgress() {
	if c.wants&isolation.WantsProgress == 0 {
		return
	}
	p := c.progress.Swap(noProgress)
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.waits && !p.over {
		p.post()
	}
	p.over = true
}

func clampProgress(n int64) uint64 { return uint64(min(max(n, 0), maxProgress)) }

// cutProgress cuts twice: a long text before it is looked at, and what has grown by
// the replacements.
func cutProgress(text string) string {
	return cutText(strings.ToValidUTF8(cutText(text, maxProgressText), "\uFFFD"), maxProgressText)
}

// cutText is at most n bytes of a text, up to a character's begin.
func cutText(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

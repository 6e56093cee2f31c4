package core

import "github.com/sallyport/sallyport/isolation"

// receive runs a page's emit, which is permitted and on record. Who sent it is
// the session's to say.
func (e *event) receive(c *call, r *Request) (any, error) {
	to := toAll
	if r.Target != "" {
		to = toWindow(r.Target) // of no window, it is for nobody: the page is not told which windows there are
	}
	body, err := e.app.eventBody(r.Args.AppendJSON(nil), c.carries)
	if err != nil {
		return nil, err
	}
	e.publish(&message{event: e, body: body, value: r.Args, sections: c.carries, from: sender{r.Window, r.Origin, r.Session}}, to)
	return nil, nil
}

// listen runs a page's listen. Nothing is sent before the page has its answer.
func (e *event) listen(c *call, _ *Request) (any, error) {
	l := &listener{event: e, id: c.number, place: -1, rules: c.rules, grant: c.grant.Load(), asked: c.record.Asked != ""}
	c.listener = l
	if c.session.feed.enter(l) {
		c.seated = false
		c.session.reauthorizeOne(l)
	}
	return nil, nil
}

// seat takes a place among the session's listens, for what may become one.
func (c *call) seat() *refusal {
	if c.record.Command != listenName {
		return nil
	}
	if c.seated = c.session.feed.seat(c.session.app.limits.Listeners); !c.seated {
		return &refusal{code: CodeBusy, reason: "the session listens to as many events as it may"}
	}
	return nil
}

// settle makes what became of a listen good: it begins where the page was told
// so and has not cancelled it meanwhile. To be called when nothing of the call
// runs any more.
func (c *call) settle() {
	feed := &c.session.feed
	switch l := c.listener; {
	case l == nil:
	case c.delivered && c.why.Load() != cancelled:
		feed.open(l)
	default:
		feed.drop(l.id)
	}
}

// unlisten ends a listen, if the id is one's.
func (s *session) unlisten(id uint32) { s.feed.drop(id) }

// creditListen raises what may be sent for a listen. known is false where the
// id is none's, or that of one which is over; all that one's frame may say is
// genuine.
func (s *session) creditListen(item isolation.Item) (known, genuine bool) {
	return s.feed.credit(item.ID, item.Offset), true
}

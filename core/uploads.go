package core

import "github.com/sallyport/sallyport/isolation"

// upload takes an item of a call's upload, or its end. False says that no genuine
// frame sends that.
func (s *session) upload(item isolation.Item) bool {
	c, known := s.streaming(item.ID)
	switch {
	case c != nil:
		return c.upload(item)
	case known: // the call is over, and the item was under way
		forget(item)
		return true
	}
	return s.endAhead(item)
}

// creditCall raises what may be sent for a call, likewise. Unlike what is
// uploaded, it can't have overtaken its call: it answers items.
func (s *session) creditCall(item isolation.Item) bool {
	c, known := s.streaming(item.ID)
	if c == nil {
		return known
	}
	st := c.context.streams
	return st != nil && st.out != nil && st.out.credit(item.Offset, s.link.Carrier())
}

// noUpload ends a call whose command reads nothing of what the page streams to it.
var noUpload = &refusal{code: CodeInvalidArgs, reason: "the command takes no items of the page", message: "the command takes no items of the page"}

// forget clears an item that nobody wants.
func forget(item isolation.Item) {
	clear(item.JSON)
	clearSections(item.Sections)
}

// streaming is the request of an id, nil if that is over. It reports whether there
// was one.
func (s *session) streaming(id uint32) (c *call, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c = s.calls[id]; c != nil {
		return c, true
	}
	return nil, id != 0 && s.ids.used(id)
}

// upload takes an item of the call's upload, or its end.
func (c *call) upload(item isolation.Item) bool {
	st := c.context.streams
	if st == nil || st.in == nil { // the call did not ask for it
		return false
	}
	if c.why.Load() != nil { // it was under way, maybe behind one that ended the call and was not taken in
		forget(item)
		return true
	}
	if item.Kind == isolation.ItemUpload && c.command != nil && !c.hidden && c.command.streams&isolation.WantsUpload == 0 {
		forget(item)
		c.interrupt(noUpload)
		return true
	}
	if item.Kind == isolation.ItemEnd {
		return st.in.finish(item.Offset, item.Aborted)
	}
	if refused := c.tooLarge(item); refused != nil {
		forget(item)
		c.interrupt(refused)
		return true
	}
	p := pieceOf(item, c.session.plaintext)
	if !c.session.budget.hold(p.room(), c.session.app.limits.PendingBytes) {
		p.clear()
		c.interrupt(&refusal{code: CodeBusy, reason: "too many bytes of the session's uploads wait to be read"})
		return true
	}
	fate := st.in.put(p)
	if fate != kept {
		c.session.budget.drop(p.room())
		p.clear()
	}
	if fate == tooLong {
		c.interrupt(&refusal{code: CodeTooLarge, reason: "the upload would become longer than a stream can be"})
	}
	return fate != breach
}

// tooLarge refuses an item over its limits.
func (c *call) tooLarge(item isolation.Item) *refusal {
	l := c.limits()
	switch {
	case len(item.JSON) > l.ItemBytes:
		return &refusal{code: CodeTooLarge, reason: "an item of the upload is larger than its limit", mismatch: tooLarge(l.ItemBytes, ofJSON)}
	case binarySize(item.Sections) > l.BinaryBytes:
		return &refusal{code: CodeTooLarge, reason: "the bytes of an item of the upload are more than their limit", mismatch: tooLarge(l.BinaryBytes, ofBinary)}
	}
	return nil
}

// endAhead keeps the end of an upload without items until its call comes, which it
// may overtake on the relay: items wait for credit, which the core gives to a call
// that it has. False says that no genuine frame sends it.
func (s *session) endAhead(item isolation.Item) bool {
	early := item.Kind == isolation.ItemEnd && item.ID != 0 && item.Offset == 0
	if !early || s.link.Carrier() != isolation.Relay {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, twice := s.ended[item.ID]
	if twice || len(s.ended) == maxEarly {
		return false
	}
	if s.ended == nil {
		s.ended = make(map[uint32]bool)
	}
	s.ended[item.ID] = item.Aborted
	return true
}

// catchUp gives a call that has come the end that has overtaken it.
func (s *session) catchUp(id uint32) bool {
	if s.link.Carrier() != isolation.Relay {
		return true
	}
	s.mu.Lock()
	aborted, early := s.ended[id]
	delete(s.ended, id)
	s.mu.Unlock()
	return !early || s.upload(isolation.Item{Kind: isolation.ItemEnd, ID: id, Aborted: aborted})
}

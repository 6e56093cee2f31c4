package isolation

// A Place is where an item went in the order of all that a session queued. The zero
// Place is before the first.
type Place uint64

// Post queues an item like Write, for what is soon worth nothing: it takes no time,
// since it sends nothing itself, and where Send would wait, or the item fits no
// frame, it is dropped and queued is false. The item is Post's from here on.
func (s *Session) Post(item []byte) (at Place, queued bool) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.ended.Load() || !s.hasRoom() || len(item) > s.gate.limits.MaxFrame-sealedMinimum {
		clear(item)
		return 0, false
	}
	s.enqueue(item, 1)
	s.wake()
	return Place(s.out.left) + Place(s.out.waiting), true
}

// Passed reports whether all that was queued up to a place is on its way to the
// page, or was dropped with its link.
func (s *Session) Passed(at Place) bool {
	s.sending.Lock()
	defer s.sending.Unlock()
	return Place(s.out.left) >= at && (s.out.link == nil || s.out.link.held() == 0)
}

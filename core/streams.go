package core

import "github.com/sallyport/sallyport/isolation"

// upload takes an item of a call's upload. False says that no genuine frame
// sends that.
func (s *session) upload(item isolation.Item) bool { return false }

// endUpload takes the end of one, likewise.
func (s *session) endUpload(item isolation.Item) bool { return false }

// creditCall raises what may be sent for a call, likewise.
func (s *session) creditCall(item isolation.Item) bool { return false }

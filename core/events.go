package core

import "github.com/sallyport/sallyport/isolation"

// bindEvents makes the built-in commands of the declared events.
func (app *App) bindEvents() error {
	app.emits, app.listens = make(map[string]*command), make(map[string]*command)
	return nil
}

// unlisten ends a listen. False says that the id is none's.
func (s *session) unlisten(id uint32) bool { return false }

// creditListen raises what may be sent for a listen. known is false where the
// id is none's; genuine is false where no genuine frame says that.
func (s *session) creditListen(item isolation.Item) (known, genuine bool) { return false, false }

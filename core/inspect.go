package core

import "github.com/sallyport/sallyport/schema"

// Schemas are the app's compiled schemas: those of its files and, once it has
// started, those made of Go types, from where on they never change. The fuzz
// kit makes its messages from them.
func (app *App) Schemas() *schema.Set {
	app.mu.Lock()
	defer app.mu.Unlock()
	return app.schemas
}

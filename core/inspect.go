package core

import "github.com/sallyport/sallyport/schema"

// Schemas are the app's compiled schemas, which never change. The fuzz kit
// makes its messages from them.
func (app *App) Schemas() *schema.Set { return app.schemas }

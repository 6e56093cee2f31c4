package core

// reauthorize is called when what is permitted may have become less.
func (app *App) reauthorize(why string) { _ = why }

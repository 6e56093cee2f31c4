//go:build !sallyport_describe

package core

// describe is for programs that were built to be described; no other has the code.
func (app *App) describe() {}

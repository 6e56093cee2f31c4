package core

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/sallyport/sallyport/audits"
)

// event puts on record what changes what is permitted.
func (app *App) event(r audits.Record) (err error) {
	r.Time = time.Now()
	verdict, grant := r.Verdict, r.Grant
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("the recorder panicked with %s", panicText(value))
			app.log.Error("core: the recorder panicked", "event", verdict, "grant", grant, "panic", panicText(value), "stack", string(debug.Stack()))
		}
	}()
	if err := app.recorder.Event(context.Background(), &r); err != nil {
		app.log.Error("core: the record could not be written", "event", verdict, "grant", grant, "err", err)
		return fmt.Errorf("it could not be put on record: %w", err)
	}
	return nil
}

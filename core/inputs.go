package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/replay"
)

// inputs takes down what the policy is asked, while an app is developed. A nil
// one takes nothing.
type inputs struct {
	file      *replay.File
	variables map[string]string
	log       *slog.Logger
	complain  sync.Once
}

func (app *App) openInputs() error {
	if app.config.PolicyInputs == "" {
		return nil
	}
	file, err := replay.Create(app.config.PolicyInputs)
	if err != nil {
		return fmt.Errorf("core: Config.PolicyInputs: %w", err)
	}
	app.inputs = &inputs{file: file, variables: app.variables, log: app.log}
	return nil
}

// keep adds one call. A call that ended before its decision has none to keep. What can't be
// written keeps no call back: the record of decisions is another.
func (i *inputs) keep(ctx context.Context, in policy.Input, d policy.Decision, decideErr error, revision string) {
	if ctx.Err() != nil {
		return
	}
	call := replay.Recorded{Input: in, Variables: i.variables, Was: replay.NewVerdict(d, decideErr), Revision: revision}
	err := i.file.Write(&call)
	if err == nil {
		return
	}
	i.complain.Do(func() {
		if errors.Is(err, replay.ErrFull) {
			i.log.Warn("core: Config.PolicyInputs: the file is full; move it away and start again", "most", replay.MaxFile)
			return
		}
		i.log.Error("core: Config.PolicyInputs: calls are no longer written", "error", err)
	})
}

func (i *inputs) close() error {
	if i == nil {
		return nil
	}
	return i.file.Close()
}

//go:build !unix || aix || solaris || illumos

package terminal

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/core"
)

// A Prompter can't ask on this system.
type Prompter struct{}

var _ core.Prompter = (*Prompter)(nil)

var errSystem = errors.New("terminal: there is no asking on a terminal on this system; use core/prompt/dialog")

// New says that it can't.
func New() (*Prompter, error) { return nil, errSystem }

// Ask never asks.
func (p *Prompter) Ask(context.Context, core.Question) (core.Answer, error) {
	return core.AnswerNo, errSystem
}

package main

import (
	"testing"

	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/fuzz"
)

func FuzzNotes(f *testing.F) { fuzz.App(f, core.Config{Files: files}, newApp) }

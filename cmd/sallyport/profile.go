package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// profiles are what a benchmark can say of its own work. Empty names are none.
type profiles struct {
	cpu, heap string // files
	writing   *os.File
}

// start makes the file at once: hours of measuring are not to end at a folder
// that is not there.
func (p *profiles) start() error {
	for _, name := range []string{p.cpu, p.heap} {
		if name == "" {
			continue
		}
		f, err := os.Create(name)
		if err != nil {
			return fmt.Errorf("the profile could not be written: %w; name a file in a folder that exists", err)
		}
		if name != p.cpu {
			if err := f.Close(); err != nil {
				return err
			}
			continue
		}
		p.writing = f
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return nil
}

func (p *profiles) stop() error {
	var err error
	if p.writing != nil {
		pprof.StopCPUProfile()
		err = p.writing.Close()
	}
	if p.heap == "" {
		return err
	}
	f, failed := os.Create(p.heap)
	if failed != nil {
		return errors.Join(err, failed)
	}
	runtime.GC() // the profile is of the last one
	return errors.Join(err, pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

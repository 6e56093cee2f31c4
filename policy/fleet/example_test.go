package fleet_test

import (
	"context"
	"io/fs"
	"log"
	"os"
	"sync/atomic"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/fleet"
)

func ExampleStart() {
	yaml, err := os.ReadFile("opa.yaml")
	if err != nil {
		log.Fatal(err)
	}
	var inForce atomic.Pointer[policy.Policy]
	f, err := fleet.Start(context.Background(), fleet.Config{OPA: yaml, StateDir: "/var/lib/notes/fleet"},
		func(_ context.Context, files fs.FS, _ string) error {
			p, err := policy.Load(files, policy.Config{})
			if err != nil {
				return err // what was in force stays so
			}
			inForce.Store(p)
			return nil
		})
	if err != nil {
		log.Fatal(err) // names the path in opa.yaml that is at fault
	}
	defer f.Stop(context.Background())
	<-f.Ready() // until then, decide by the capabilities that the app comes with
}

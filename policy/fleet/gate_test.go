package fleet

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/storage"
)

// OPA reads its store from many goroutines: what only reads puts nothing in force.
func TestOnlyAWriterPutsABundleInForce(t *testing.T) {
	ctx, applied := t.Context(), 0
	g, err := newGate(ctx, &highest{path: filepath.Join(t.TempDir(), "mark")}, func(context.Context, fs.FS, string) error {
		applied++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	activate := func(txn storage.Transaction) error {
		return bundle.WriteManifestToStore(ctx, g, txn, "app", bundle.Manifest{Revision: "1", Roots: &[]string{"capability"}})
	}
	if err := storage.Txn(ctx, g, storage.WriteParams, activate); err != nil || applied != 1 {
		t.Fatalf("a writer: %v, applied %d times", err, applied)
	}
	g.inForce = contents{} // as if a writer were about to change it
	look := func(storage.Transaction) error { return nil }
	if err := storage.Txn(ctx, g, storage.TransactionParams{}, look); err != nil || applied != 1 {
		t.Errorf("a reader: %v, applied %d times", err, applied)
	}
}

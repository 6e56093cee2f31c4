package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// A gate is the store into which OPA activates bundles. It commits no bundle that the app has not
// taken over: OPA then reports the bundle as failed, keeps it from the disk and tries again.
type gate struct {
	storage.Store
	highest *highest
	apply   Apply

	writing atomic.Uint64 // id of the writing transaction; the store has one at a time
	inForce contents      // applied last, by a writing transaction
}

func newGate(ctx context.Context, h *highest, apply Apply) (*gate, error) {
	g := &gate{Store: inmem.New(), highest: h, apply: apply}
	return g, storage.Txn(ctx, g.Store, storage.WriteParams, func(txn storage.Transaction) error {
		return g.Store.UpsertPolicy(ctx, txn, libraryID, []byte(library))
	})
}

// NewTransaction notes who writes.
func (g *gate) NewTransaction(ctx context.Context, params ...storage.TransactionParams) (storage.Transaction, error) {
	txn, err := g.Store.NewTransaction(ctx, params...)
	if err == nil && len(params) > 0 && params[0].Write {
		g.writing.Store(txn.ID())
	}
	return txn, err
}

// DeletePolicy keeps the scope library, without which OPA can't compile a capability file. A bundle
// asks for its deletion if it claims the library's package.
func (g *gate) DeletePolicy(ctx context.Context, txn storage.Transaction, id string) error {
	if id == libraryID {
		return errors.New(`the bundle claims package sallyport.scope: name its own packages in its .manifest, {"roots": ["capability"]}`)
	}
	return g.Store.DeletePolicy(ctx, txn, id)
}

// Commit ends a transaction, or aborts it with an error.
func (g *gate) Commit(ctx context.Context, txn storage.Transaction) error {
	if txn.ID() != g.writing.Load() {
		return g.Store.Commit(ctx, txn)
	}
	next, err := read(ctx, g.Store, txn)
	if err == nil && next.bundle != "" {
		err = g.admit(ctx, next)
	}
	if err != nil {
		g.Store.Abort(ctx, txn)
		return err
	}
	// Without a bundle, discovery has withdrawn one and the next has not come: until then what is in
	// force stays.
	return g.Store.Commit(ctx, txn)
}

// admit puts contents in force, if they may follow, and remembers them.
func (g *gate) admit(ctx context.Context, next contents) error {
	keep, err := g.highest.follow(mark{next.revision, next.digest})
	if err != nil {
		return fmt.Errorf("revision in the bundle's .manifest: %w", err)
	}
	if next.differs(g.inForce) {
		if err := g.apply(ctx, next.files, next.revision); err != nil {
			return fmt.Errorf("the policy was not taken over: %w", err)
		}
		g.inForce = next
	}
	return keep()
}

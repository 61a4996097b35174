package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func brokerIDIsMintedOnce(t *testing.T, d *database) {
	minted := d.BrokerID()
	if _, err := uuid.Parse(minted); err != nil {
		t.Fatalf("broker id %q is no UUID: %v", minted, err)
	}
	d.reopen(t, store.Options{})
	wantEqual(t, "broker id after a restart", d.BrokerID(), minted)
	if err := d.Ping(context.Background()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

var errDeliberate = errors.New("deliberate")

// insertAccount is a change that can be looked for.
func insertAccount(ctx context.Context, tx *store.Tx, id string) error {
	_, err := tx.UpsertAccount(ctx, store.Account{ID: id, Title: id, Kind: "customer"}, now)
	return err
}

func (d *database) hasAccount(t testing.TB, id string) bool {
	t.Helper()
	err := d.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		_, err := r.AccountByID(ctx, id)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func errorUndoesAll(t *testing.T, d *database) {
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		if err := insertAccount(ctx, tx, "acme"); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, store.Job{Kind: "look"}, time.Time{}); err != nil {
			return err
		}
		return errDeliberate
	})
	wantError(t, err, errDeliberate)
	if d.hasAccount(t, "acme") {
		t.Error("the account was kept")
	}
	if job, err := d.ReceiveJob(context.Background(), store.LaneBroker, now); err != nil || job != nil {
		t.Errorf("the job was kept: %v, %v", job, err)
	}
}

func panicUndoesAll(t *testing.T, d *database) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			if err := insertAccount(ctx, tx, "acme"); err != nil {
				t.Error(err)
			}
			panic("deliberate")
		})
	}()
	if d.hasAccount(t, "acme") {
		t.Error("the account was kept")
	}
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return insertAccount(ctx, tx, "other") })
}

func afterCommit(t *testing.T, d *database) {
	var called []string
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		tx.AfterCommit(func() { called = append(called, "first") })
		tx.AfterCommit(func() {
			called = append(called, "second")
			if !d.hasAccount(t, "acme") {
				t.Error("called before the commit")
			}
		})
		return insertAccount(ctx, tx, "acme")
	})
	err := d.Write(context.Background(), func(_ context.Context, tx *store.Tx) error {
		tx.AfterCommit(func() { called = append(called, "undone") })
		return errDeliberate
	})
	wantError(t, err, errDeliberate)
	wantEqual(t, "calls", called, []string{"first", "second"})
}

func tryUndoes(t *testing.T, d *database) {
	var called []string
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		try := func(id string, inner func(ctx context.Context) error) error {
			return tx.Try(ctx, func(ctx context.Context) error {
				tx.AfterCommit(func() { called = append(called, id) })
				if err := insertAccount(ctx, tx, id); err != nil {
					return err
				}
				return inner(ctx)
			})
		}
		fails := func(context.Context) error { return errDeliberate }
		kept := try("kept", func(context.Context) error {
			wantError(t, try("undone-inside", fails), errDeliberate)
			return nil
		})
		wantError(t, try("undone", func(context.Context) error {
			_ = try("undone-with-it", func(context.Context) error { return nil })
			return errDeliberate
		}), errDeliberate)
		// What the database refuses does not end the transaction either.
		refused := tx.Try(ctx, func(ctx context.Context) error {
			parent := newConnection("nobody", "records")
			return tx.InsertConnection(ctx, &parent)
		})
		if refused == nil {
			t.Error("a connection of no account was added")
		}
		return errors.Join(kept, insertAccount(ctx, tx, "after"))
	})
	for id, want := range map[string]bool{"kept": true, "undone-inside": false, "undone": false, "undone-with-it": false, "after": true} {
		if d.hasAccount(t, id) != want {
			t.Errorf("account %s is there: %t, want %t", id, !want, want)
		}
	}
	wantEqual(t, "calls", called, []string{"kept"})
}

// holding starts a transaction that has locked the account, and returns when it has. The transaction ends when release
// is called, which returns what became of it.
func (d *database) holding(t testing.TB, account string) (release func() error) {
	t.Helper()
	held, let, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.LockAccount(ctx, account); err != nil {
				return err
			}
			close(held)
			<-let
			return nil
		})
	}()
	select {
	case <-held:
	case err := <-ended:
		t.Fatalf("lock account %s: %v", account, err)
	}
	return func() error {
		close(let)
		return <-ended
	}
}

// shortWait is for tests in which somebody waits in vain.
const shortWait = 50 * time.Millisecond

func busyAfterItsWait(t *testing.T, d *database) {
	d.seed(t)
	d.reopen(t, store.Options{WriteWait: shortWait})
	release := d.holding(t, "acme")
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.LockAccount(ctx, "acme")
		return err
	})
	wantError(t, err, store.ErrBusy)
	if err := release(); err != nil {
		t.Error(err)
	}
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.LockAccount(ctx, "acme")
		return err
	})
}

func cancelledWhileWaiting(t *testing.T, d *database) {
	d.seed(t)
	release := d.holding(t, "acme")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := d.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.LockAccount(ctx, "acme")
		return err
	})
	wantError(t, err, context.Canceled)
	if err := release(); err != nil {
		t.Error(err)
	}
}

// accountsAreSerial has transactions read and then write a counter of an account. Without the lock some of them would
// read the same number.
func accountsAreSerial(t *testing.T, d *database) {
	d.seed(t)
	const writers, rounds = 4, 10
	c := newConnection("acme", "counter")
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.InsertConnection(ctx, &c) })

	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range rounds {
				err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
					if _, err := tx.LockAccount(ctx, "acme"); err != nil {
						return err
					}
					row, err := tx.ConnectionByName(ctx, "acme", "counter")
					if err != nil {
						return err
					}
					row.Revision++
					return tx.UpdateConnection(ctx, &row)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	row := get(t, d, func(ctx context.Context, r *store.Reader) (store.Connection, error) {
		return r.ConnectionByName(ctx, "acme", "counter")
	})
	wantEqual(t, "revision", row.Revision, c.Revision+writers*rounds)
}

// locksInOppositeOrder has two transactions wait for each other, which is for one of them to be repeated.
func locksInOppositeOrder(t *testing.T, d *database) {
	d.seed(t)
	const rounds = 5
	var group sync.WaitGroup
	for _, order := range [][]string{{"acme", "other"}, {"other", "acme"}} {
		group.Go(func() {
			for range rounds {
				err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
					for _, account := range order {
						if _, err := tx.LockAccount(ctx, account); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// factsStandStill keeps facts from being recorded while an order is judged, and the other way round.
func factsStandStill(t *testing.T, d *database) {
	d.seed(t)
	d.reopen(t, store.Options{WriteWait: shortWait})
	release := d.holding(t, "acme")
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error { return tx.LockFacts(ctx) })
	wantError(t, err, store.ErrBusy)
	if err := release(); err != nil {
		t.Error(err)
	}
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockFacts(ctx); err != nil {
			return err
		}
		_, err := tx.LockAccount(ctx, "acme") // its own lock is not in its way
		return err
	})
}

func readIsASnapshot(t *testing.T, d *database) {
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, before := r.AccountByID(ctx, "acme")
		wantError(t, before, store.ErrNotFound)
		d.write(t, func(ctx context.Context, tx *store.Tx) error { return insertAccount(ctx, tx, "acme") })
		_, after := r.AccountByID(ctx, "acme")
		wantError(t, after, store.ErrNotFound)
		return nil
	})
	if !d.hasAccount(t, "acme") {
		t.Error("the account is not there after the snapshot")
	}
}

func readEndsWithItsFunction(t *testing.T, d *database) {
	var escaped *store.Reader
	d.read(t, func(_ context.Context, r *store.Reader) error {
		escaped = r
		return nil
	})
	if _, err := escaped.AccountByID(context.Background(), "acme"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("a snapshot that has ended answered: %v", err)
	}
}

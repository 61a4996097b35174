package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func (d *database) enqueue(t testing.TB, job store.Job, at time.Time) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, job, at) })
}

func (d *database) receive(t testing.TB, at time.Time) *store.ReceivedJob {
	t.Helper()
	job, err := d.ReceiveJob(context.Background(), store.LaneBroker, at)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func (d *database) finish(t testing.TB, job *store.ReceivedJob) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.FinishJob(ctx, job) })
}

func wantJob(t testing.TB, got *store.ReceivedJob, want store.Job) {
	t.Helper()
	if got == nil {
		t.Fatalf("received nothing, want %+v", want)
	}
	wantEqual(t, "job", got.Job, want)
}

func wantNoJob(t testing.TB, got *store.ReceivedJob) {
	t.Helper()
	if got != nil {
		t.Fatalf("received %+v, want nothing", got.Job)
	}
}

func jobsWithTheChange(t *testing.T, d *database) {
	assure := store.Job{Kind: "assure", ObjectUID: "uid-1"}
	wantNoJob(t, d.receive(t, now))
	d.enqueue(t, assure, time.Time{})
	d.reopen(t, store.Options{})
	job := d.receive(t, now)
	wantJob(t, job, assure)
	wantNoJob(t, d.receive(t, now))

	// The job's end is undone with the transaction that did its work.
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.FinishJob(ctx, job); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, store.Job{Kind: "undone"}, time.Time{}); err != nil {
			return err
		}
		return errDeliberate
	})
	wantError(t, err, errDeliberate)
	if err := d.ExtendJob(context.Background(), job, 0); err != nil { // its lease ends
		t.Fatal(err)
	}
	job = d.receive(t, now)
	wantJob(t, job, assure)
	d.finish(t, job)
	wantNoJob(t, d.receive(t, now))
}

// jobsAtTheirTime counts by the broker's clock, which is not the machine's.
func jobsAtTheirTime(t *testing.T, d *database) {
	later, soon := store.Job{Kind: "later"}, store.Job{Kind: "soon"}
	d.enqueue(t, later, now.Add(2*day))
	d.enqueue(t, soon, now.Add(day))
	wantNoJob(t, d.receive(t, now.Add(day-time.Microsecond)))

	job := d.receive(t, now.Add(day))
	wantJob(t, job, soon)
	d.finish(t, job)
	wantNoJob(t, d.receive(t, now.Add(2*day-time.Microsecond)))
	wantJob(t, d.receive(t, now.Add(20*365*day)), later)
}

func jobsLease(t *testing.T, d *database) {
	d.reopen(t, store.Options{JobLease: time.Nanosecond})
	job := store.Job{Kind: "assure"}
	d.enqueue(t, job, time.Time{})
	const tries = 5 // more than goqite gives a job when it is not told otherwise
	var last *store.ReceivedJob
	for range tries {
		last = d.receive(t, now)
		wantJob(t, last, job)
	}
	if err := d.ExtendJob(context.Background(), last, time.Hour); err != nil {
		t.Fatal(err)
	}
	wantNoJob(t, d.receive(t, now))
}

func jobsRetry(t *testing.T, d *database) {
	d.enqueue(t, store.Job{Kind: "assure", ObjectUID: "uid-1"}, time.Time{})
	for attempts := range 3 {
		at := now.Add(time.Duration(attempts) * time.Minute)
		job := d.receive(t, at)
		wantJob(t, job, store.Job{Kind: "assure", ObjectUID: "uid-1", Attempts: attempts})
		d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.RetryJob(ctx, job, at.Add(time.Minute)) })
		wantNoJob(t, d.receive(t, at))
	}
}

func jobsEachToOneRunner(t *testing.T, d *database) {
	const jobs, runners = 20, 4
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for i := range jobs {
			at := time.Time{}
			if i%2 == 0 {
				at = now
			}
			if err := tx.Enqueue(ctx, store.Job{Kind: "assure", ObjectUID: fmt.Sprint(i)}, at); err != nil {
				return err
			}
		}
		return nil
	})
	var mutex sync.Mutex
	received := map[string]int{}
	var group sync.WaitGroup
	for range runners {
		group.Go(func() {
			for {
				job, err := d.ReceiveJob(context.Background(), store.LaneBroker, now)
				if err != nil {
					t.Error(err)
				}
				if job == nil {
					return
				}
				mutex.Lock()
				received[job.ObjectUID]++
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	wantEqual(t, "different jobs", len(received), jobs)
	for uid, times := range received {
		if times != 1 {
			t.Errorf("job %s was received %d times", uid, times)
		}
	}
}

// jobsInLanes are received by whoever does that lane's, also where they waited for their time, and failed.
func jobsInLanes(t *testing.T, d *database) {
	slow, quick := store.Job{Lane: store.LaneDriver, Kind: "fulfil"}, store.Job{Kind: "assure"}
	receive := func(lane store.Lane) *store.ReceivedJob {
		job, err := d.ReceiveJob(context.Background(), lane, now)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	d.enqueue(t, slow, now)
	wantNoJob(t, receive(store.LaneBroker))
	d.enqueue(t, quick, now)
	job := receive(store.LaneDriver)
	wantJob(t, job, slow)
	wantNoJob(t, receive(store.LaneDriver))
	wantJob(t, receive(store.LaneBroker), quick)

	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.RetryJob(ctx, job, now) })
	wantNoJob(t, receive(store.LaneBroker))
	slow.Attempts++
	job = receive(store.LaneDriver)
	wantJob(t, job, slow)
	if err := d.ExtendJob(context.Background(), job, 0); err != nil { // its lease ends
		t.Fatal(err)
	}
	job = receive(store.LaneDriver)
	wantJob(t, job, slow)
	d.finish(t, job)
	wantNoJob(t, receive(store.LaneDriver))

	if err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.Enqueue(ctx, store.Job{Lane: "nobody's"}, time.Time{})
	}); err == nil {
		t.Error("a job goes to a lane that nobody works on")
	}
}

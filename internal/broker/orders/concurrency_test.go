package orders_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// race runs all of them at once and returns what each came to, in their order.
func race[T any](n int, run func(i int) (T, error)) ([]T, []error) {
	answers, failures := make([]T, n), make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Add(1)
		go func() {
			defer all.Done()
			<-start
			answers[i], failures[i] = run(i)
		}()
	}
	close(start)
	all.Wait()
	return answers, failures
}

func TestRaces(t *testing.T) {
	t.Parallel()
	const racers = 6
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()

		// One name, one service, one gateway: one wins, and the others read that it is taken.
		_, failures := race(racers, func(int) (api.Connection, error) {
			return b.CreateConnection(ctx, b.acme(), "records", connectionSpec("A1B2C", "project-1"), true)
		})
		assertEqual(t, "connections", winners(t, failures), 1)
		_, failures = race(racers, func(i int) (api.EdgeAttachment, error) {
			return b.CreateEdgeAttachment(ctx, b.acme(), "records", fmt.Sprintf("edge-%d", i), "", edgeSpec("gateway-1"), true)
		})
		assertEqual(t, "edge attachments", winners(t, failures), 1)

		// One operation that is sent several times at once is done once.
		write := b.acme()
		answers, failures := race(racers, func(int) (api.EdgeAttachment, error) {
			return b.CreateEdgeAttachment(ctx, write, "records", "web", "", edgeSpec("gateway-2"), true)
		})
		for i, err := range failures {
			if err != nil || answers[i].UID != answers[0].UID || answers[i].IncludedAddress != answers[0].IncludedAddress {
				t.Errorf("repetition %d is answered by %s with %s, %v", i, answers[i].UID, answers[i].IncludedAddress, err)
			}
		}

		// Two operators confirm, and two runners do the jobs.
		b.connect("second", "A1B2C", "project-2")
		if _, failures := race(2, func(int) (int, error) { return b.RunDueJobs(ctx) }); failures[0] != nil || failures[1] != nil {
			t.Errorf("runners: %v", failures)
		}
		second, err := b.Connection(ctx, customer("acme"), "second")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", second.State, "awaiting_fulfilment")
		order := b.orderOf(second.UID).ID
		writes := []request.Write{b.alice(), b.bob()}
		_, failures = race(2, func(i int) (api.Order, error) { return b.ConfirmOrder(ctx, writes[i], order, "", "") })
		assertEqual(t, "confirmations", winners(t, failures), 1)
	})
}

// winners counts those that did not fail; the others have a problem that their caller may read.
func winners(tb testing.TB, failures []error) int {
	tb.Helper()
	won := 0
	for _, err := range failures {
		var p *problem.Problem
		switch {
		case err == nil:
			won++
		case !errors.As(err, &p):
			tb.Errorf("a fault, and no problem: %v", err)
		}
	}
	return won
}

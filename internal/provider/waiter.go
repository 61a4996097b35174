package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// The waits between two looks at an order grow from the first of these to the last.
const (
	firstLook  = time.Second
	lastLook   = 30 * time.Second
	lookGrowth = 1.5
)

// wait is one wait for an order.
type wait struct {
	// look reads the order as it is now, and by which state its progress is judged: for what hangs on a connection that
	// is not active yet, that of the connection.
	look func(ctx context.Context) (now order, progress order, err error)
	// after waits for a time or for the end of the context; nil waits on the clock.
	after func(ctx context.Context, d time.Duration) error
}

// untilActive waits until the order is active. It ends at once where only a person can take it further, since an apply
// that waits for a person holds up everybody else; and a wait that runs out is a warning, since the order stands. A
// refusal is for the caller to judge.
func (w wait) untilActive(ctx context.Context, now order) diag.Diagnostics {
	var diags diag.Diagnostics
	after := w.after
	if after == nil {
		after = sleep
	}
	pause := firstLook
	for {
		seen, progress, err := w.look(ctx)
		if err == nil {
			now = seen
			switch {
			case now.state == hscn.StateActive || now.state == hscn.StateRefused || now.state == hscn.StateCeasing || now.state == hscn.StateCeased:
				return diags
			case progress.state.WaitsForPerson():
				diags.AddWarning("It is not active yet: a person has to act", w.status(now, progress))
				return diags
			}
		}
		if err == nil {
			err = after(ctx, pause)
		}
		switch {
		case err == nil:
			pause = min(time.Duration(float64(pause)*lookGrowth), lastLook)
		case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || ctx.Err() != nil:
			diags.AddWarning("It is not active yet: the wait has ended", w.status(now, now)+"\n\nThe order stands. The next apply goes on waiting; "+
				"timeouts says for how long one does.")
			return diags
		default:
			diags.AddWarning("It is not known whether it is active yet", w.status(now, now)+"\n\nThe order stands. It could not be read again: "+err.Error()+".")
			return diags
		}
	}
}

// status says what an order waits for, since when, and who can move it on.
func (w wait) status(now, progress order) string {
	text := fmt.Sprintf("%s is %s since %s.", now.name, now.state, moment(now.stateSince))
	if progress.name != now.name {
		text += fmt.Sprintf(" It waits for %s, which is %s since %s.", progress.name, progress.state, moment(progress.stateSince))
	}
	if by := progress.state.LeftBy(); by != "" {
		text += fmt.Sprintf(" What comes next: %s.", by)
	}
	if progress.reason != "" {
		text += " " + sentence(progress.reason)
	}
	if due := now.enablementDueAt; due != nil {
		text += fmt.Sprintf(" It is due by %s.", moment(*due))
	}
	return text
}

// sleep waits on the clock.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

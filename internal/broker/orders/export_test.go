package orders

import "context"

// Purge does now what RunJobs does from time to time.
func (d *Desk) Purge(ctx context.Context) { d.purge(ctx, d.now()) }

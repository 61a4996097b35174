//go:build !linux

package kills

import "testing"

func TestKills(t *testing.T) {
	t.Parallel()
	t.Skip("which process is the provider's is read from /proc, which this system does not have")
}

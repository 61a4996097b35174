// Command demo plays the product's main job from end to end with the programs that `make build` made, a real Terraform
// and a broker on a loopback port, and shows their real output. It leaves nothing behind, and its exit code is 0 only if
// every step did what it says.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	binaries := flag.String("binaries", "bin", "the directory that holds terraform-provider-hscn and hscn-broker")
	cli := flag.String("terraform", os.Getenv("HSCN_TERRAFORM"), "the terraform or tofu program")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	// A reader that goes away, such as a pager, must not keep the demo from clearing up.
	signal.Ignore(syscall.SIGPIPE)

	started := time.Now()
	err := run(ctx, *binaries, *cli)
	var failed *stepError
	switch {
	case errors.As(err, &failed):
		fmt.Fprintf(os.Stderr, "\nThe demo failed in %q: %s\n", failed.step, failed.reason)
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "\nThe demo could not run: %s\n", err)
		os.Exit(1)
	}
	fmt.Printf("\nEvery step did what it says, in %s. Nothing is left behind.\n", time.Since(started).Round(time.Second))
}

// run sets the stage, plays the steps, and clears everything away, whatever comes of them.
func run(ctx context.Context, binaries, cli string) (err error) {
	s, err := newStage(ctx, binaries, cli)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	return play(ctx, s)
}

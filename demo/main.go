// Command demo plays the product's main job from end to end with the programs that `make build` made, a real Terraform
// and a broker on a loopback port, and shows their real output. It leaves nothing behind, and its exit code is 0 only if
// every step did what it says. With -sandbox it sets the stage only, says how to use it, and stays until it is
// interrupted.
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
	stay := flag.Bool("sandbox", false, "set the stage, say how to use it, and stay until interrupted")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	// A reader that goes away, such as a pager, must not keep the demo from clearing up.
	signal.Ignore(syscall.SIGPIPE)

	started := time.Now()
	act := play
	if *stay {
		act = sandbox
	}
	err := run(ctx, *binaries, *cli, act)
	var failed *stepError
	switch {
	case errors.As(err, &failed):
		fmt.Fprintf(os.Stderr, "\nThe demo failed in %q: %s\n", failed.step, failed.reason)
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "\nThe demo could not run: %s\n", err)
		os.Exit(1)
	case *stay:
		fmt.Println("\nThe sandbox is gone, with all that was in it.")
		return
	}
	fmt.Printf("\nEvery step did what it says, in %s. Nothing is left behind.\n", time.Since(started).Round(time.Second))
}

// run sets the stage, acts on it, and clears everything away, whatever comes of it.
func run(ctx context.Context, binaries, cli string, act func(context.Context, *stage) error) (err error) {
	s, err := newStage(ctx, binaries, cli)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	return act(ctx, s)
}

// Command hscn-broker is the back end of the provider hscn: it serves the API of api/openapi.yaml, and it is the
// operator's client of that API.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build.
var version = "0.0.0-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends things in order; from then on a second one ends the process as it always would.
	context.AfterFunc(ctx, stop)
	os.Exit(execute(ctx, os.Args[1:], surroundings{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv,
	}))
}

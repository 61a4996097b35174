package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// sandbox sets the stage as the demo does, with everything in order, and leaves it to whoever pastes what it prints.
func sandbox(ctx context.Context, s *stage) error {
	s.step = "The sandbox"
	today := hscn.DateIn(time.Now())
	if err := setTheStage(ctx, s, today); err != nil {
		return err
	}
	if err := recordBoth(ctx, s, today); err != nil {
		return err
	}
	fmt.Printf("\n%s\n\n", s.paint("1;36", "The broker stays up until you press Ctrl-C here. In another shell, paste:"))
	for _, variable := range []string{"HSCN_ENDPOINT", "HSCN_TOKEN", "HSCN_OPERATOR_TOKEN_FILE", "TF_CLI_CONFIG_FILE"} {
		fmt.Printf("  export %s=%s\n", variable, s.variable(variable))
	}
	fmt.Printf("  export PATH=%s:$PATH\n", filepath.Dir(s.broker.Path))
	fmt.Printf("  cd %s\n\n", s.directory)
	name := filepath.Base(s.cli)
	fmt.Printf("Then order with \"%s apply\", see \"hscn-broker orders list\", and change main.tf as you like.\n", name)

	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		s.ended <- err
	}
	select {
	case <-ctx.Done():
		return nil // a terminal interrupts the broker as well
	default:
		return fmt.Errorf("the broker ended:\n%s", s.brokerLog)
	}
}

// variable is the value that the stage gives to an environment variable.
func (s *stage) variable(name string) string {
	for _, entry := range s.env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return os.Getenv(name)
}

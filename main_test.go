package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }

func TestALogIsOnlyWantedWhereSomebodyAsks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		environment []string
		want        bool
	}{
		"nobody asks":           {[]string{"PATH=/bin", "TF_VAR_log=x"}, false},
		"an empty variable":     {[]string{"TF_LOG="}, false},
		"TF_LOG":                {[]string{"PATH=/bin", "TF_LOG=debug"}, true},
		"the provider's log":    {[]string{"TF_LOG_PROVIDER=trace"}, true},
		"one of the SDK's":      {[]string{"TF_LOG_SDK_PROTO=trace"}, true},
		"where the log goes to": {[]string{"TF_LOG_PATH=terraform.log"}, true},
	} {
		if got := logWanted(test.environment); got != test.want {
			t.Errorf("%s: wanted %t", name, got)
		}
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	set := map[string]string{}
	err := silence(func(name, value string) error { set[name] = value; return nil })
	want := map[string]string{
		"TF_LOG_SDK": "OFF", "TF_LOG_SDK_FRAMEWORK": "OFF", "TF_LOG_SDK_PROTO": "OFF", "TF_LOG_PROVIDER_HSCN": "OFF",
	}
	if err != nil || !maps.Equal(set, want) {
		t.Errorf("it sets %v, %v", set, err)
	}
	broken := errors.New("no environment")
	if err := silence(func(string, string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

// The provider as it is shipped, started by a real Terraform: standard error stays empty unless a log was asked for.
func TestNothingIsPrintedUnasked(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the program that catches standard error is a shell script")
	}
	site := acctest.Start(t, "neutral")
	dir := t.TempDir()
	program, printed := filepath.Join(dir, "terraform-provider-hscn"), filepath.Join(dir, "stderr.txt")
	script := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\" 2>>%q\n", acctest.Provider(t), printed)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	w := acctest.NewWorkspace(t, program)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good), acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`))

	w.Run("validate")
	w.Run("plan")
	w.Run("apply", "-auto-approve")
	w.Run("destroy", "-auto-approve")
	text, err := os.ReadFile(printed)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 0 {
		t.Errorf("the provider prints %d bytes, beginning with %.500s", len(text), text)
	}
	// The same way shows what is asked for, so the empty file above means something.
	w.With(map[string]string{"TF_LOG_SDK": "trace"}).Run("plan")
	if text, err = os.ReadFile(printed); err != nil || len(text) == 0 {
		t.Errorf("what is asked for is not printed: %v", err)
	}
}

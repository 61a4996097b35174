package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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
	cli := acctest.CLI(t)
	if runtime.GOOS == "windows" {
		t.Skip("the program that catches standard error is a shell script")
	}
	site := acctest.Start(t, "neutral")
	dir := t.TempDir()
	printed := filepath.Join(dir, "stderr.txt")
	run(t, nil, "go", "build", "-o", filepath.Join(dir, "provider"), ".")
	write(t, filepath.Join(dir, "terraform-provider-hscn"), fmt.Sprintf("#!/bin/sh\nexec %q \"$@\" 2>>%q\n", filepath.Join(dir, "provider"), printed), 0o700)
	write(t, filepath.Join(dir, "cli.tfrc"), fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"hscn-connect/hscn\" = %q\n  }\n}\n", dir), 0o600)
	write(t, filepath.Join(dir, "main.tf"), "terraform {\n  required_providers {\n    hscn = { source = \"hscn-connect/hscn\" }\n  }\n}\n"+
		site.Provider()+site.Connection("records", "records-prod", 1, acctest.Good)+acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`), 0o600)
	environment := []string{"TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1"}

	for _, command := range [][]string{{"validate"}, {"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
		run(t, environment, cli, append([]string{"-chdir=" + dir}, command...)...)
	}
	text, err := os.ReadFile(printed)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 0 {
		t.Errorf("the provider prints %d bytes, beginning with %.500s", len(text), text)
	}
	// The same way shows what is asked for, so the empty file above means something.
	run(t, append(environment, "TF_LOG_SDK=trace"), cli, "-chdir="+dir, "plan")
	if text, err = os.ReadFile(printed); err != nil || len(text) == 0 {
		t.Errorf("what is asked for is not printed: %v", err)
	}
}

// run runs a command without the logs that whoever runs the tests may have asked for.
func run(t *testing.T, environment []string, name string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, environment...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, output)
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

package acctest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Workspace is a directory in which Terraform or OpenTofu runs as a user runs it, with the provider as it is shipped: a
// process for each phase and for each alias. What runs are told in one process has no part in it.
type Workspace struct {
	t           *testing.T
	cli         string
	directory   string
	environment map[string]string
}

// NewWorkspace makes an empty one. Program is the provider's, as of Provider.
func NewWorkspace(t *testing.T, program string) *Workspace {
	t.Helper()
	w := &Workspace{t: t, cli: CLI(t), directory: t.TempDir()}
	w.environment = map[string]string{"TF_CLI_CONFIG_FILE": w.Path("cli.tfrc"), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
	w.write("cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"hscn-connect/hscn\" = %q\n  }\n}\n", filepath.Dir(program)))
	return w
}

// Configure replaces the configuration.
func (w *Workspace) Configure(config ...string) {
	w.t.Helper()
	w.write("main.tf", "terraform {\n  required_providers {\n    hscn = { source = \"hscn-connect/hscn\" }\n  }\n}\n"+strings.Join(config, "\n"))
}

// With is the same workspace with more variables in the environment, by name.
func (w *Workspace) With(environment map[string]string) *Workspace {
	other := *w
	other.environment = maps.Clone(w.environment)
	maps.Copy(other.environment, environment)
	return &other
}

// Run runs a command that has to succeed, and returns what it printed, in words with one space between.
func (w *Workspace) Run(command string, arguments ...string) string {
	w.t.Helper()
	output, err := w.run(command, arguments)
	if err != nil {
		w.t.Fatalf("%s %v: %v\n%s", command, arguments, err, output)
	}
	return inWords(output)
}

// Fail runs a command that has to fail, and returns what it printed, as Run does.
func (w *Workspace) Fail(command string, arguments ...string) string {
	w.t.Helper()
	output, err := w.run(command, arguments)
	if err == nil {
		w.t.Fatalf("%s %v succeeds:\n%s", command, arguments, output)
	}
	return inWords(output)
}

func (w *Workspace) run(command string, arguments []string) (string, error) {
	output, err := w.Command(w.t.Context(), command, arguments...).CombinedOutput()
	return string(output), err
}

// Command is a command of Terraform's or OpenTofu's that is ready to run in the workspace.
func (w *Workspace) Command(ctx context.Context, command string, arguments ...string) *exec.Cmd {
	words := append([]string{"-chdir=" + w.directory, command}, arguments...)
	run := exec.CommandContext(ctx, w.cli, append(words, "-no-color")...) //nolint:gosec // the CLI that whoever runs the tests chose
	run.Env = withoutOurs(os.Environ())
	for _, name := range slices.Sorted(maps.Keys(w.environment)) {
		run.Env = append(run.Env, name+"="+w.environment[name])
	}
	return run
}

// withoutOurs is an environment without the logs and settings of whoever runs the tests, which are not the test's.
func withoutOurs(environment []string) []string {
	var kept []string
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "HSCN_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// State is the state as it lies on the disk.
func (w *Workspace) State() string {
	w.t.Helper()
	return w.File("terraform.tfstate")
}

// File is a file of the workspace's, such as one that a run wrote.
func (w *Workspace) File(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.Path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// inWords is a text with its line breaks gone, which the CLI puts anywhere.
func inWords(output string) string { return strings.Join(strings.Fields(output), " ") }

// Path is where a file of the workspace is.
func (w *Workspace) Path(name string) string { return filepath.Join(w.directory, name) }

func (w *Workspace) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.Path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

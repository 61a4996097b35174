package acctest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module is what the provider is built from.
const module = "github.com/hscn-connect/terraform-provider-hscn"

// build is the provider as it is shipped, made once for all tests of a package. Main removes it.
var build struct {
	once      sync.Once
	directory string
	program   string
	err       error
}

func makeBuild() {
	if build.directory, build.err = os.MkdirTemp("", "hscn-provider-"); build.err != nil {
		return
	}
	build.program = filepath.Join(build.directory, "terraform-provider-hscn")
	if runtime.GOOS == "windows" {
		build.program += ".exe"
	}
	output, err := exec.CommandContext(context.Background(), "go", "build", "-o", build.program, module).CombinedOutput() //nolint:gosec // a file of its own
	if err != nil {
		build.err = fmt.Errorf("go build: %w\n%s", err, output)
	}
}

func removeBuild() {
	if build.directory == "" {
		return
	}
	if err := os.RemoveAll(build.directory); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// Provider is the path of the provider's program.
func Provider(t *testing.T) string {
	t.Helper()
	build.once.Do(makeBuild)
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.program
}

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
	w.environment = map[string]string{"TF_CLI_CONFIG_FILE": w.path("cli.tfrc"), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
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
	words := append([]string{"-chdir=" + w.directory, command}, arguments...)
	run := exec.CommandContext(w.t.Context(), w.cli, append(words, "-no-color")...) //nolint:gosec // the CLI that whoever runs the tests chose
	for _, variable := range os.Environ() {
		// The logs and settings of whoever runs the tests are not the test's.
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "HSCN_") {
			run.Env = append(run.Env, variable)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.environment)) {
		run.Env = append(run.Env, name+"="+w.environment[name])
	}
	output, err := run.CombinedOutput()
	return string(output), err
}

// State is the state as it lies on the disk.
func (w *Workspace) State() string {
	w.t.Helper()
	text, err := os.ReadFile(w.path("terraform.tfstate"))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// inWords is a text with its line breaks gone, which the CLI puts anywhere.
func inWords(output string) string { return strings.Join(strings.Fields(output), " ") }

func (w *Workspace) path(name string) string { return filepath.Join(w.directory, name) }

func (w *Workspace) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

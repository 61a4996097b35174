// Package examples holds what the documentation shows. This test keeps it true: Terraform validates every example with
// the provider as it is now, and finds it formatted.
package examples

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExamplesValidate runs `terraform fmt -check` and `terraform validate` on every folder that holds a .tf file.
func TestExamplesValidate(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs Terraform; make test runs it")
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		t.Skip("needs TF_ACC_TERRAFORM_PATH; make test finds or builds a Terraform")
	}
	folders := exampleFolders(t)
	if len(folders) < 8 {
		t.Fatalf("found %d folders with examples; every resource and data source has one: %v", len(folders), folders)
	}
	environment := providerFor(t)
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			for _, arguments := range [][]string{{"fmt", "-check", "-diff"}, {"validate", "-no-color"}} {
				command := exec.CommandContext(t.Context(), cli, arguments...)
				command.Dir, command.Env = folder, environment
				if output, err := command.CombinedOutput(); err != nil {
					t.Errorf("terraform %s: %v\n%s", strings.Join(arguments, " "), err, output)
				}
			}
		})
	}
}

// exampleFolders lists the folders below this one that hold configuration.
func exampleFolders(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".tf" && !slices.Contains(folders, filepath.Dir(path)) {
			folders = append(folders, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// providerFor builds the provider and returns an environment in which the CLI takes it from there.
func providerFor(t *testing.T) []string {
	t.Helper()
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "terraform-provider-hscn"), "..")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the provider: %v\n%s", err, output)
	}
	configuration := filepath.Join(folder, "cli.tfrc")
	// An example without required_providers, as the Registry shows them, means the default namespace.
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"hscn-connect/hscn\" = %[1]q\n    \"hashicorp/hscn\" = %[1]q\n  }\n}\n", folder)
	if err := os.WriteFile(configuration, []byte(overrides), 0o600); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "TF_CLI_CONFIG_FILE="+configuration, "TF_DATA_DIR="+filepath.Join(folder, "data"), "CHECKPOINT_DISABLE=1")
}

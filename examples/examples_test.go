// Package examples holds what the documentation shows. This test keeps it true: Terraform validates every example with
// the provider as it is now, and finds it formatted.
package examples

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	if len(folders) < 13 {
		t.Fatalf("found %d folders with examples; every resource and data source has one: %v", len(folders), folders)
	}
	environment, version := providerFor(t), versionOf(t, cli)
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			if needs := requiredVersion(t, folder); version.before(needs) {
				t.Skipf("needs Terraform or OpenTofu %s or later; %s has %s", needs, cli, version)
			}
			run := func(folder string, arguments ...string) {
				t.Helper()
				command := exec.CommandContext(t.Context(), cli, arguments...)
				command.Dir, command.Env = folder, environment
				if output, err := command.CombinedOutput(); err != nil {
					t.Errorf("terraform %s: %v\n%s", strings.Join(arguments, " "), err, output)
				}
			}
			run(folder, "fmt", "-check", "-diff")
			imports := importsIn(t, folder)
			if len(imports) == 0 {
				run(folder, "validate", "-no-color")
			}
			// Each of them adopts the same resource, so that a configuration can have one.
			for _, each := range imports {
				if each == byIdentity && version.before(release{1, 12}) {
					continue // what it needs to import it says on the page
				}
				run(withImport(t, folder, each), "validate", "-no-color")
			}
		})
	}
}

// byIdentity is the example of an import block that only Terraform and OpenTofu 1.12 and later read.
const byIdentity = "import-by-identity.tf"

// importsIn are the examples of import blocks in a folder.
func importsIn(t *testing.T, folder string) []string {
	t.Helper()
	imports, err := filepath.Glob(filepath.Join(folder, "import-by-*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range imports {
		imports[i] = filepath.Base(path)
	}
	return imports
}

// withImport copies a folder with one of its import blocks.
func withImport(t *testing.T, folder, kept string) string {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	for _, each := range importsIn(t, folder) {
		if each == kept {
			continue
		}
		if err := os.Remove(filepath.Join(copied, each)); err != nil {
			t.Fatal(err)
		}
	}
	return copied
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

// release is the first two numbers of a version.
type release struct{ major, minor int }

func (r release) String() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }

func (r release) before(other release) bool {
	return r.major < other.major || r.major == other.major && r.minor < other.minor
}

// versionOf asks Terraform or OpenTofu for its version.
func versionOf(t *testing.T, cli string) release {
	t.Helper()
	command := exec.CommandContext(t.Context(), cli, "version", "-json")
	command.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1")
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s version: %v", cli, err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatal(err)
	}
	return parsedRelease(t, answer.Version)
}

var requirement = regexp.MustCompile(`required_version = ">= ([0-9.]+)"`)

// requiredVersion is the version that an example asks for; 0.0 where it asks for none.
func requiredVersion(t *testing.T, folder string) release {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := requirement.FindSubmatch(text); found != nil {
			return parsedRelease(t, string(found[1]))
		}
	}
	return release{}
}

func parsedRelease(t *testing.T, version string) release {
	t.Helper()
	var r release
	if _, err := fmt.Sscanf(version, "%d.%d", &r.major, &r.minor); err != nil {
		t.Fatalf("%q is no version: %v", version, err)
	}
	return r
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

package acctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// module is what the programs are built from.
const module = "github.com/hscn-connect/terraform-provider-hscn"

// program is one of the module's as it is shipped, made once for all tests of a package that need it.
type program struct {
	name, source string

	once      sync.Once
	directory string
	path      string
	err       error
}

// The programs. Main removes what was built of them.
var (
	providerProgram = program{name: "terraform-provider-hscn", source: module}
	brokerProgram   = program{name: "hscn-broker", source: module + "/cmd/hscn-broker"}
)

func (p *program) build() {
	if p.directory, p.err = os.MkdirTemp("", p.name+"-"); p.err != nil {
		return
	}
	p.path = filepath.Join(p.directory, p.name)
	if runtime.GOOS == "windows" {
		p.path += ".exe"
	}
	output, err := exec.CommandContext(context.Background(), "go", "build", "-o", p.path, p.source).CombinedOutput() //nolint:gosec // files of its own
	if err != nil {
		p.err = fmt.Errorf("go build: %w\n%s", err, output)
	}
}

func (p *program) built(t *testing.T) string {
	t.Helper()
	p.once.Do(p.build)
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

func removeBuilds() {
	var errs []error
	for _, p := range []*program{&providerProgram, &brokerProgram} {
		if p.directory != "" {
			errs = append(errs, os.RemoveAll(p.directory))
		}
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// Provider is the path of the provider's program.
func Provider(t *testing.T) string {
	t.Helper()
	return providerProgram.built(t)
}

// BrokerProgram is the path of hscn-broker.
func BrokerProgram(t *testing.T) string {
	t.Helper()
	return brokerProgram.built(t)
}

// Package policy reads what the cloud service provider decides: policy files, and the two samples that come with the
// broker. It says what is wrong with one and where, and fills in what a file may leave out. What a policy does to an
// order is for internal/rules.
package policy

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/document"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Neutral is the name of the sample that is in force where no other policy is named.
const Neutral = "neutral"

//go:embed neutral.yaml ukcloud-2021.yaml
var samples embed.FS

const extension = ".yaml"

// Samples returns the names of the samples.
func Samples() []string {
	entries, err := samples.ReadDir(".")
	if err != nil {
		return nil // the files are part of the program
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), extension)
	}
	return names
}

// Source returns the file of the sample of that name, with the comments that explain it, and whether there is one.
func Source(name string) ([]byte, bool) {
	data, err := samples.ReadFile(name + extension)
	return data, err == nil
}

// NotFoundError says that a policy is neither a sample nor a file.
type NotFoundError struct{ Name string }

// Error implements error.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no policy %q: no file has that name, and the samples are %s", e.Name, strings.Join(Samples(), " and "))
}

// Load returns the policy that is the sample of that name or else stands in the file of that name. What a file leaves
// out is filled in: Rules has every rule's severity and RulesVersion the catalogue's. Version and ValidFrom are left
// open, since the broker gives them when it stores the policy. The error is a *NotFoundError, a *document.Error with
// every offence and its line, or one of reading the file.
func Load(nameOrFile string) (api.Policy, error) {
	if data, found := Source(nameOrFile); found {
		return Parse(nameOrFile, data)
	}
	data, err := os.ReadFile(nameOrFile)
	if errors.Is(err, fs.ErrNotExist) {
		return api.Policy{}, &NotFoundError{Name: nameOrFile}
	}
	if err != nil {
		return api.Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	return Parse(nameOrFile, data)
}

// Parse is Load for a file that has been read; its name is only used in errors.
func Parse(file string, data []byte) (api.Policy, error) {
	d, err := document.Parse(file, data, "Policy", document.Without("version", "rules_version", "valid_from"))
	if err != nil {
		return api.Policy{}, err
	}
	var p api.Policy
	if err := d.Decode(&p); err != nil {
		return api.Policy{}, err
	}
	c := checker{document: d}
	c.check(p)
	if err := d.Reject(c.offences); err != nil {
		return api.Policy{}, err
	}

	severities := make(map[string]api.Severity)
	for rule, severity := range rules.DefaultSeverities() {
		severities[rule] = api.Severity(severity)
	}
	for rule, severity := range p.Rules {
		severities[rule] = severity
	}
	p.Rules = severities
	version := rules.Version
	p.RulesVersion = &version
	return p, nil
}

// Command terraform-provider-hscn is the plugin with which Terraform and OpenTofu order HSCN connections.
package main

import (
	"flag"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider"
)

// version is set by the build.
var version = "dev"

// address is where the provider is published.
const address = "registry.terraform.io/hscn-connect/hscn"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger: print how to attach, instead of being started by Terraform")
	flag.Parse()
	if err := serve(*debug); err != nil {
		log.Fatal(err)
	}
}

func serve(debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	if !logWanted(os.Environ()) {
		if err := silence(os.Setenv); err != nil {
			return err
		}
		options = append(options, tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}
	return tf6server.Serve(address, provider.Server(version), options...)
}

// logWanted says that whoever started Terraform asked for a log.
func logWanted(environment []string) bool {
	return slices.ContainsFunc(environment, func(variable string) bool {
		name, value, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "TF_LOG") && value != ""
	})
}

// silence keeps the plugin SDK from writing its trace to standard error. It does so whether or not anybody asked, and
// Terraform parses every line, which costs a plan of many resources a third of its time.
func silence(set func(name, value string) error) error {
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO", "TF_LOG_PROVIDER_HSCN"} {
		if err := set(name, "OFF"); err != nil {
			return err
		}
	}
	return nil
}

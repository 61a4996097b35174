package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// Names of environment variables that stand for flags.
const (
	envEndpoint        = "HSCN_ENDPOINT"
	envToken           = "HSCN_OPERATOR_TOKEN"      //nolint:gosec // the name of a variable
	envTokenFile       = "HSCN_OPERATOR_TOKEN_FILE" //nolint:gosec // the name of a variable
	envChangeReference = "HSCN_CHANGE_REFERENCE"
	envCACertificate   = "HSCN_CA_CERTIFICATE_FILE"
)

const defaultEndpoint = "http://" + broker.DefaultAddress

// connection is how a command reaches the broker.
type connection struct {
	endpoint, tokenFile, changeReference, caCertificate string
}

// calling gives a command the flags of those that call a broker.
func (a *app) calling(command *cobra.Command) *cobra.Command {
	flags := command.Flags()
	flags.StringVar(&a.connection.endpoint, "endpoint", "", fmt.Sprintf("the broker's address (%s; default %s)", envEndpoint, defaultEndpoint))
	flags.StringVar(&a.connection.tokenFile, "token-file", "", fmt.Sprintf(
		"`FILE` with an operator's token (%s, or the token itself in %s; default, for a broker on this machine: %s)",
		envTokenFile, envToken, broker.OperatorTokenFile(broker.DefaultDatabase)))
	flags.StringVar(&a.connection.caCertificate, "ca-certificate", "", fmt.Sprintf("`FILE` with the CA of the broker's certificate in PEM (%s)", envCACertificate))
	flags.StringVarP(&a.output, "output", "o", "table", "table or json")
	return command
}

// writing gives a command the flags of those that change something, besides those that call.
func (a *app) writing(command *cobra.Command) *cobra.Command {
	command.Flags().StringVar(&a.connection.changeReference, "change-reference", "", fmt.Sprintf(
		"a change number, kept in the audit (%s)", envChangeReference))
	return a.calling(command)
}

// retries is how often a command asks again: a person waits for it. What has no idempotency key is asked once.
const retries = 2

// callTimeout is for one attempt; an inventory may take the broker a while.
const callTimeout = 2 * time.Minute

// call makes the client of the broker that flags and environment name.
func (a *app) call() (api.ClientInterface, error) { return a.callWith(retries) }

func (a *app) callWith(retries int) (api.ClientInterface, error) {
	if a.output != "table" && a.output != "json" {
		return nil, &usageError{fmt.Sprintf("--output is table or json, not %q", a.output)}
	}
	config := client.Config{
		Endpoint:          cmp.Or(a.connection.endpoint, a.getenv(envEndpoint), defaultEndpoint),
		CACertificateFile: cmp.Or(a.connection.caCertificate, a.getenv(envCACertificate)),
		ChangeReference:   cmp.Or(a.connection.changeReference, a.getenv(envChangeReference)),
		MaxRetries:        retries, RequestTimeout: callTimeout,
		UserAgent: "hscn-broker/" + version,
	}
	// An address that is none comes before a token that is missed because of it.
	if _, err := client.New(config); err != nil {
		return nil, err
	}
	var err error
	if config.Token, err = a.token(config.Endpoint); err != nil {
		return nil, err
	}
	c, err := client.New(config)
	if err != nil {
		return nil, err
	}
	return c.API(), nil
}

// token finds the operator's token. That of this directory's database goes to a broker on this machine and nowhere else.
func (a *app) token(endpoint string) (string, error) {
	if a.connection.tokenFile == "" {
		if token := strings.TrimSpace(a.getenv(envToken)); token != "" {
			return token, nil
		}
	}
	file := cmp.Or(a.connection.tokenFile, a.getenv(envTokenFile))
	if file == "" {
		file = broker.OperatorTokenFile(broker.DefaultDatabase)
		_, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) || !isLoopback(endpoint) {
			return "", errors.New("there is no token to show the broker: name the file that holds an operator's token with --token-file or " +
				envTokenFile + ", or put the token into " + envToken + "; the first start of a broker says where it put one; " +
				file + " of this directory is shown to a broker on this machine and to no other")
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the operator's token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsAny(token, " \t\r\n") || !isHeaderValue(token) {
		return "", fmt.Errorf("the file %s does not hold a token: a token is one word, and begins with hscn_", file)
	}
	return token, nil
}

// isHeaderValue says whether the text can be sent in a header.
func isHeaderValue(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// everything collects the items of all pages of a listing.
func everything[T any](get func(size *int, token *string) (items []T, next *string, err error)) ([]T, error) {
	size := 1000 // the contract's largest
	all := []T{}
	for token := (*string)(nil); ; {
		items, next, err := get(&size, token)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if next == nil {
			return all, nil
		}
		token = next
	}
}

package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// What is used where Config says nothing.
const (
	// DefaultMaxRetries is how often a request is asked again; with the waits between, about ten seconds at the most.
	DefaultMaxRetries = 4
	// DefaultRequestTimeout is how long one attempt may take.
	DefaultRequestTimeout = 30 * time.Second
)

// Names of headers that the contract gives every request.
const (
	headerAccount         = "Hscn-Account"
	headerChangeReference = "Hscn-Change-Reference"
)

// LogFunc takes a line of debug output. It is never handed a credential or a body.
type LogFunc func(ctx context.Context, message string, fields map[string]any)

// Config says which broker is called, and how.
type Config struct {
	// Endpoint is the broker's address, such as "https://broker.example", without the "/v1" of the contract.
	Endpoint string
	// Token is sent as a bearer token, without the white space around it.
	Token string
	// Account is the account that requests are about. It may be empty where the token has one account only.
	Account string
	// CACertificateFile holds the certificates, in PEM, that the broker's is verified against instead of the system's.
	CACertificateFile string
	// ClientCertificateFile and ClientKeyFile hold a certificate chain and its key, in PEM, for mutual TLS.
	ClientCertificateFile, ClientKeyFile string
	// ChangeReference is a change number that the broker keeps in the audit of every write; may be empty.
	ChangeReference string
	// MaxRetries is how often a request is asked again; negative means DefaultMaxRetries.
	MaxRetries int
	// RequestTimeout is how long one attempt may take, its answer included; 0 means DefaultRequestTimeout.
	RequestTimeout time.Duration
	// UserAgent names the caller.
	UserAgent string
	// Logger takes what happens; nil logs nothing.
	Logger LogFunc
}

// Client calls one broker with one credential. It is safe for concurrent use.
type Client struct {
	api     *api.Client
	config  Config
	timeout time.Duration
	// questionTimeout is how long the question may take what became of a write that was not answered.
	questionTimeout time.Duration
}

// ConfigError says which member of a Config cannot be used, and why.
type ConfigError struct {
	// Field is the member's name, such as "Endpoint".
	Field string
	Err   error
}

// Error implements error.
func (e *ConfigError) Error() string { return strings.ToLower(e.Field) + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the member.
func (e *ConfigError) Unwrap() error { return e.Err }

// New makes a client. It reads the files that config names and does no other I/O. The error is a *ConfigError.
func New(config Config) (*Client, error) {
	config.RequestTimeout = cmp.Or(config.RequestTimeout, DefaultRequestTimeout)
	return newClient(config, pooled(config.RequestTimeout), pacing{base: retryBase, ceiling: retryCeiling, random: rand.Float64, now: time.Now})
}

// newClient is New with what tests replace: the transport that requests go through and the pace of retries.
func newClient(config Config, base http.RoundTripper, pace pacing) (*Client, error) {
	server, err := parseEndpoint(config.Endpoint)
	if err != nil {
		return nil, &ConfigError{Field: "Endpoint", Err: err}
	}
	config.Token, config.Account = strings.TrimSpace(config.Token), strings.TrimSpace(config.Account)
	config.ChangeReference = strings.TrimSpace(config.ChangeReference)
	if err := checkHeaders(config); err != nil {
		return nil, err
	}
	if config.MaxRetries < 0 {
		config.MaxRetries = DefaultMaxRetries
	}
	config.RequestTimeout = cmp.Or(config.RequestTimeout, DefaultRequestTimeout)

	transport, err := newTransport(config, base)
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, timeout: config.RequestTimeout, questionTimeout: questionTimeout}
	c.api, err = api.NewClient(server, api.WithHTTPClient(newDoer(config, transport, pace)), api.WithRequestEditorFn(c.edit))
	if err != nil {
		return nil, &ConfigError{Field: "Endpoint", Err: err}
	}
	return c, nil
}

// parseEndpoint returns the URL below which the contract's paths stand.
func parseEndpoint(endpoint string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(endpoint))
	var parseError *url.Error
	switch {
	case errors.As(err, &parseError):
		return "", parseError.Err // without the endpoint itself, which might hold a password
	case err != nil:
		return "", err
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", errors.New("not an address such as https://broker.example")
	case u.User != nil:
		return "", errors.New("an address with a user name in it: credentials go into the token")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("an address with a query or a fragment: leave out what stands behind ? or #")
	}
	// Both "https://broker.example" and ".../v1" are written, and mean the same.
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1") + "/v1/"
	u.RawPath = ""
	return u.String(), nil
}

// checkHeaders refuses what cannot stand in a header, before net/http refuses every request for it. A file that a token is
// read from often ends with a line break. The error does not repeat the value.
func checkHeaders(config Config) error {
	for field, value := range map[string]string{"Token": config.Token, "Account": config.Account, "ChangeReference": config.ChangeReference} {
		if strings.ContainsFunc(value, unicode.IsControl) {
			return &ConfigError{Field: field, Err: errors.New("there is a line break or another control character in it")}
		}
	}
	return nil
}

// edit puts on every request what the contract asks of all of them.
func (c *Client) edit(_ context.Context, req *http.Request) error {
	req.Header.Set("Accept", "application/json, application/problem+json")
	if c.config.UserAgent != "" {
		req.Header.Set("User-Agent", c.config.UserAgent)
	}
	if c.config.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.config.Token)
	}
	if c.config.Account != "" {
		req.Header.Set(headerAccount, c.config.Account)
	}
	if c.config.ChangeReference != "" && req.Method != http.MethodGet {
		req.Header.Set(headerChangeReference, c.config.ChangeReference)
	}
	return nil
}

// API is the generated client, through the same transport, for operations that have no method here. Read its answers
// with Decode; a write needs a key of NewIdempotencyKey.
func (c *Client) API() api.ClientInterface { return c.api }

// page is one page of a listing.
type page[T any] struct {
	Items         []T     `json:"items"`
	NextPageToken *string `json:"next_page_token"`
}

// maxPageSize is the largest page of the contract: fewer requests for the same items.
const maxPageSize = 1000

// all returns the items of every page of a listing.
func all[T any](get func(size *int, token *string) (*http.Response, error)) ([]T, error) {
	size := maxPageSize
	var token *string
	items := []T{}
	for {
		p, err := Decode[page[T]](get(&size, token))
		if err != nil {
			return nil, err
		}
		items = append(items, p.Items...)
		if p.NextPageToken == nil || *p.NextPageToken == "" {
			return items, nil
		}
		if token != nil && *token == *p.NextPageToken {
			return nil, fmt.Errorf("the listing never ends: its page token %.40q comes again", *token)
		}
		token = p.NextPageToken
	}
}

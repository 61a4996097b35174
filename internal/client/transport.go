package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// maxAnswer is the largest answer that is read: a page of a thousand objects has a few megabytes.
const maxAnswer = 64 << 20

// newTransport returns base with the certificates that config names. The error is a *ConfigError.
func newTransport(config Config, base http.RoundTripper) (http.RoundTripper, error) {
	if config.CACertificateFile == "" && config.ClientCertificateFile == "" && config.ClientKeyFile == "" {
		return base, nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if config.CACertificateFile != "" {
		pem, err := os.ReadFile(config.CACertificateFile)
		if err != nil {
			return nil, &ConfigError{Field: "CACertificateFile", Err: err}
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &ConfigError{Field: "CACertificateFile", Err: fmt.Errorf("%s holds no certificate in PEM", config.CACertificateFile)}
		}
	}
	switch {
	case config.ClientCertificateFile != "" && config.ClientKeyFile == "":
		return nil, &ConfigError{Field: "ClientKeyFile", Err: errors.New("a client certificate needs its key")}
	case config.ClientCertificateFile == "" && config.ClientKeyFile != "":
		return nil, &ConfigError{Field: "ClientCertificateFile", Err: errors.New("a client key needs its certificate")}
	case config.ClientCertificateFile != "":
		certificate, err := tls.LoadX509KeyPair(config.ClientCertificateFile, config.ClientKeyFile)
		if err != nil {
			return nil, &ConfigError{Field: "ClientCertificateFile", Err: err}
		}
		settings.Certificates = []tls.Certificate{certificate}
	}
	plain, ok := base.(*http.Transport)
	if !ok {
		return nil, &ConfigError{Field: "CACertificateFile", Err: errors.New("this transport takes no certificates")}
	}
	own := plain.Clone()
	own.TLSClientConfig = settings
	return own, nil
}

// wholeAnswers reads an answer to its end before it hands it on, so that a connection that breaks in the body is asked
// again like one that breaks before it. It never makes an error of a status.
type wholeAnswers struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t wholeAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if call := callOf(req.Context()); call != nil {
		call.sent = call.sent || err == nil || !reasonOf(err).beforeSending()
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if call := callOf(req.Context()); call != nil {
		call.answered(resp, body)
	}
	return resp, nil
}

// doer sends requests and asks again where that helps. It implements api.HttpRequestDoer.
type doer struct {
	retrying *retryablehttp.Client
	log      LogFunc
}

// newDoer makes a doer over a transport.
func newDoer(config Config, transport http.RoundTripper, pace pacing) *doer {
	d := &doer{log: config.Logger}
	d.retrying = &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: wholeAnswers{transport},
			Timeout:   config.RequestTimeout,
			// A broker never redirects. What does is a login page or a proxy, which must not be sent an order.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:   config.MaxRetries,
		CheckRetry: pace.again,
		Backoff: func(_, _ time.Duration, attempt int, resp *http.Response) time.Duration {
			return pace.wait(attempt, resp)
		},
		ErrorHandler:    retryablehttp.PassthroughErrorHandler,
		RequestLogHook:  d.logRequest,
		ResponseLogHook: d.logResponse,
	}
	return d
}

// Do implements api.HttpRequestDoer. The error is an *Unreachable.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	call := &call{}
	retryable, err := retryablehttp.FromRequest(req.WithContext(context.WithValue(req.Context(), callKey{}, call)))
	if err != nil {
		return nil, err
	}
	resp, err := d.retrying.Do(retryable)
	if err == nil {
		return resp, nil
	}
	if resp != nil {
		resp.Body.Close()
	}
	reason := reasonOf(err)
	if reason == TimedOut {
		// The deadline came while it waited to ask again: what the broker said last tells more than the deadline.
		if last := call.last(); last != nil {
			return last, nil
		}
	}
	d.write(req.Context(), "no answer", map[string]any{
		"method": req.Method, "url": withoutQuery(req.URL), "reason": string(reason), "attempts": call.attempts,
	})
	return nil, &Unreachable{
		Method: req.Method, URL: withoutQuery(req.URL), Host: req.URL.Host,
		Reason: reason, Attempts: call.attempts, Sent: call.sent, Err: innermost(err),
	}
}

// innermost drops the layer of net/http that repeats method and URL, query included.
func innermost(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (d *doer) write(ctx context.Context, message string, fields map[string]any) {
	if d.log != nil {
		d.log(ctx, message, fields)
	}
}

func (d *doer) logRequest(_ retryablehttp.Logger, req *http.Request, attempt int) {
	if call := callOf(req.Context()); call != nil {
		call.attempts = attempt + 1
	}
	d.write(req.Context(), "request", map[string]any{"method": req.Method, "url": withoutQuery(req.URL), "attempt": attempt + 1})
}

func (d *doer) logResponse(_ retryablehttp.Logger, resp *http.Response) {
	d.write(resp.Request.Context(), "answer", map[string]any{
		"method": resp.Request.Method, "url": withoutQuery(resp.Request.URL), "status": resp.StatusCode,
	})
}

// call is what is remembered of one request over its attempts. They run one after the other, in one goroutine.
type call struct {
	attempts int
	sent     bool
	resp     *http.Response
	body     []byte
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// answered remembers an answer.
func (c *call) answered(resp *http.Response, body []byte) { c.resp, c.body = resp, body }

// last is the last answer that came, with its body, or nil.
func (c *call) last() *http.Response {
	if c.resp == nil {
		return nil
	}
	again := *c.resp
	again.Body = io.NopCloser(bytes.NewReader(c.body))
	return &again
}

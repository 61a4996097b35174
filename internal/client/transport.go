package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// maxAnswer is the largest answer that is read: a page of a thousand objects has a few megabytes.
const maxAnswer = 64 << 20

// What is wrong with an answer that cannot be used.
var (
	errTooLarge = fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	errCutShort = fmt.Errorf("the answer breaks off: %w", io.ErrUnexpectedEOF)
)

// idleConnections is how many connections to the broker are kept for the next request. Terraform works on ten resources
// at a time; net/http keeps two.
const idleConnections = 16

// pooled returns the transport that a client has, for attempts that may take so long.
func pooled(requestTimeout time.Duration) http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport // somebody replaced it, and means it
	}
	own := standard.Clone()
	own.MaxIdleConnsPerHost = idleConnections
	// An attempt that times out closes its connection, but not where HTTP/2 shares one: were the other end gone without a
	// word, every attempt would be sent down the same dead connection. A ping finds that out within half an attempt.
	own.HTTP2 = &http.HTTP2Config{SendPingTimeout: requestTimeout / 4, PingTimeout: requestTimeout / 4}
	return own
}

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
	call := callOf(req.Context())
	// The trace may be called from another goroutine, even after the request has failed.
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	resp, body, err := t.ask(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		call.failed(connected.Load() && reasonOf(err) != NotTrusted)
		return nil, err
	}
	call.answered(resp, body)
	return resp, nil
}

// ask sends the request and reads the whole answer.
func (t wholeAnswers) ask(req *http.Request) (*http.Response, []byte, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("reading the answer: %w", err)
	case len(body) > maxAnswer:
		return nil, nil, errTooLarge
	case cutShort(resp, body):
		return nil, nil, errCutShort
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, body, nil
}

// cutShort says that an answer broke off although the connection ended as it should. Where nothing says how long the
// answer is, as some proxies have it, it is as long as the connection lasts, and only JSON tells where it should end.
func cutShort(resp *http.Response, body []byte) bool {
	unmeasured := resp.ProtoMajor == 1 && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && !resp.Uncompressed
	return unmeasured && saysJSON(resp) && !json.Valid(body)
}

// saysJSON says that the answer is JSON by its own account, a problem document included.
func saysJSON(resp *http.Response) bool {
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"))
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
	if reason == TimedOut && call.isAnswered {
		// The deadline came while it waited to ask again: what the broker said last tells more than the deadline.
		return call.last(), nil
	}
	d.write(req.Context(), "no answer", map[string]any{
		"method": req.Method, "url": withoutQuery(req.URL), "reason": string(reason), "attempts": call.attempts,
	})
	return nil, &Unreachable{
		Method: req.Method, URL: withoutQuery(req.URL), Host: req.URL.Host,
		Reason: reason, Attempts: call.attempts, Sent: call.sent, Err: innermost(err), Problem: call.problem(),
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
	callOf(req.Context()).attempts = attempt + 1
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
	// sent says that one of them may have reached somebody, and lost that one which may have was not answered.
	sent, lost bool
	// isAnswered is about the last attempt; resp and body are the last answer that any of them had.
	isAnswered bool
	resp       *http.Response
	body       []byte
}

type callKey struct{}

// callOf is the call that a request belongs to: one of its own where it came past the doer.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

// answered remembers the answer of an attempt.
func (c *call) answered(resp *http.Response, body []byte) {
	c.sent, c.isAnswered, c.resp, c.body = true, true, resp, body
}

// failed remembers that an attempt had no answer, and whether it may have reached somebody.
func (c *call) failed(sent bool) {
	c.sent, c.lost, c.isAnswered = c.sent || sent, c.lost || sent, false
}

// last is the last answer that came, with its body.
func (c *call) last() *http.Response {
	again := *c.resp
	again.Body = io.NopCloser(bytes.NewReader(c.body))
	return &again
}

// problem is the last answer that came, or nil where that was no problem document of a broker's.
func (c *call) problem() *Problem {
	if c.resp == nil {
		return nil
	}
	return problemOf(c.resp, c.body)
}

package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// problemPrefix stands before the type of every problem of the contract.
const problemPrefix = "urn:hscn:problem:"

// Problem is the broker's own word that it did not do what was asked.
type Problem struct {
	api.Problem
	// Method and URL are the request's, the latter without its query.
	Method, URL string
	// Lost says of a write that an earlier attempt at it may have reached the broker and was not answered.
	Lost bool
}

// Error implements error.
func (p *Problem) Error() string { return p.Kind() + ": " + p.Detail }

// Kind is the problem's type as the contract lists them, such as "object-gone".
func (p *Problem) Kind() string { return strings.TrimPrefix(p.Type, problemPrefix) }

// NotOurFormat is an answer that no broker gives: a proxy's page, or another server's.
type NotOurFormat struct {
	// Method and URL are the request's, the latter without its query.
	Method, URL string
	Status      int
	// ContentType is the answer's, and Location where it sends to.
	ContentType, Location string
	// Excerpt is its first words.
	Excerpt string
	// Err is what is wrong with the document where the content type is right; may be nil.
	Err error
}

// Error implements error.
func (e *NotOurFormat) Error() string {
	text := fmt.Sprintf("%s %s: the answer with status %d is not from a broker", e.Method, e.URL, e.Status)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns what is wrong with the document.
func (e *NotOurFormat) Unwrap() error { return e.Err }

// Reason is why there was no answer.
type Reason string

// The reasons.
const (
	// Refused means that nothing listens at the address.
	Refused Reason = "refused"
	// NoSuchHost means that the host has no address.
	NoSuchHost Reason = "no such host"
	// NotTrusted means that no secure connection came about: the certificate does not verify, or the other side wants one.
	NotTrusted Reason = "not trusted"
	// TimedOut means that the answer did not come in time.
	TimedOut Reason = "timed out"
	// Interrupted means that the caller gave up.
	Interrupted Reason = "interrupted"
	// Broken is every other failure of the network, such as a connection that was reset.
	Broken Reason = "broken"
)

// Unreachable means that the last attempt had no answer.
type Unreachable struct {
	// Method and URL are the request's, the latter without its query; Host is whom it was for.
	Method, URL, Host string
	Reason            Reason
	// Attempts is how often it was tried, and Sent whether any of them may have reached somebody.
	Attempts int
	Sent     bool
	// Problem is what the broker said to the last attempt that it answered; nil where it answered none. It is not in the
	// error's chain: what was asked may have been done since.
	Problem *Problem
	Err     error
}

// Error implements error.
func (e *Unreachable) Error() string {
	return fmt.Sprintf("%s %s: no answer (%s) after %d attempts: %v", e.Method, e.URL, e.Reason, e.Attempts, e.Err)
}

// Unwrap returns the network's own error.
func (e *Unreachable) Unwrap() error { return e.Err }

// AsProblem returns the problem in err's chain.
func AsProblem(err error) (*Problem, bool) {
	var p *Problem
	ok := errors.As(err, &p)
	return p, ok
}

// IsObjectGone says that the broker itself says that there is no such object for this account. A 404 of anything
// else's, such as a proxy's, is a NotOurFormat.
func IsObjectGone(err error) bool {
	p, ok := AsProblem(err)
	return ok && p.Kind() == "object-gone"
}

// IsRefused says that the broker does not accept the credential, or not for this: 401 and 403.
func IsRefused(err error) bool {
	p, ok := AsProblem(err)
	return ok && (p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden)
}

// IsUnavailable says that the question was not answered, rather than answered in the negative: no connection, no answer
// in time, a failure of the broker's, or an answer that is not a broker's.
func IsUnavailable(err error) bool {
	var unreachable *Unreachable
	var foreign *NotOurFormat
	if errors.As(err, &unreachable) || errors.As(err, &foreign) {
		return true
	}
	p, ok := AsProblem(err)
	return ok && transient(p.Status)
}

// IsAnswered says that the broker answered, be it in the negative, so that what was asked is known to be done or not. A
// credential that is not accepted says nothing of an earlier attempt whose answer was lost, with which it still was.
func IsAnswered(err error) bool {
	if p, ok := AsProblem(err); ok && p.Lost && IsRefused(p) {
		return false
	}
	return err == nil || !IsUnavailable(err)
}

// Decode reads an answer of the generated client: a success as T, a problem document as a *Problem, and anything else
// as a *NotOurFormat. It closes the body.
func Decode[T any](resp *http.Response, err error) (T, error) {
	var value T
	if err != nil {
		return value, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return value, notOurFormat(resp, body, err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 && saysJSON(resp) {
		if err := json.Unmarshal(body, &value); err != nil {
			var none T
			return none, notOurFormat(resp, body, err)
		}
		return value, nil
	}
	if problem := problemOf(resp, body); problem != nil {
		return value, problem
	}
	return value, notOurFormat(resp, body, nil)
}

// problemOf reads an answer as a broker's problem document. It returns nil where it is not one.
func problemOf(resp *http.Response, body []byte) *Problem {
	problem := &Problem{
		Method: resp.Request.Method, URL: withoutQuery(resp.Request.URL),
		Lost: resp.Request.Method != http.MethodGet && callOf(resp.Request.Context()).lost,
	}
	ours := saysJSON(resp) && json.Unmarshal(body, &problem.Problem) == nil &&
		strings.HasPrefix(problem.Type, problemPrefix) && problem.BrokerID != "" && problem.Status == resp.StatusCode
	if !ours {
		return nil
	}
	return problem
}

func notOurFormat(resp *http.Response, body []byte, err error) *NotOurFormat {
	return &NotOurFormat{
		Method: resp.Request.Method, URL: withoutQuery(resp.Request.URL),
		Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Location: resp.Header.Get("Location"),
		Excerpt: firstWords(body), Err: err,
	}
}

func withoutQuery(u *url.URL) string {
	plain := *u
	plain.RawQuery, plain.Fragment, plain.User = "", "", nil
	return plain.String()
}

// What stands between the words of a page.
var markup = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<[^>]*>|\s+`)

// maxExcerpt is as much of a foreign answer as tells a proxy's page from another server's.
const maxExcerpt = 160

// firstWords returns the beginning of a foreign answer as one line of text.
func firstWords(body []byte) string {
	if !utf8.Valid(body) {
		return ""
	}
	text := strings.Join(strings.Fields(markup.ReplaceAllString(string(body), " ")), " ")
	if len(text) <= maxExcerpt {
		return text
	}
	text = text[:maxExcerpt]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "..."
}

// reasonOf says why a request had no answer.
func reasonOf(err error) Reason {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		network   net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &verify),
		errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return NotTrusted
	case errors.As(err, &dns) && dns.IsNotFound:
		return NoSuchHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return TimedOut
	default:
		return Broken
	}
}

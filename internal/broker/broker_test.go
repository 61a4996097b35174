package broker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/credentials"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// restarted stops the broker and starts another on its database.
func restarted(t *testing.T, b *brokertest.Broker, options ...func(*broker.Config)) *brokertest.Broker {
	t.Helper()
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	clock := b.Clock
	return brokertest.Start(t, append([]func(*broker.Config){func(c *broker.Config) {
		c.DatabaseURL, c.Clock = b.Config.DatabaseURL, clock.Now
	}}, options...)...)
}

func TestFirstStartAndRestart(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	started := b.Started()
	if started.OperatorTokenFile != b.Config.DatabaseURL+".token" || started.PolicyVersion != "1" || !started.PolicyIsNew {
		t.Errorf("started: %+v", started)
	}
	token, err := os.ReadFile(started.OperatorTokenFile)
	if err != nil {
		t.Fatal(err)
	}
	first := brokertest.Client{Token: strings.TrimSpace(string(token))}
	acme := b.Customer(brokertest.Acme)
	operator := b.Operator("operator")
	b.Load(operator)
	made := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", brokertest.Connection("acme-one", "A1B2C")).Must(202))

	again := restarted(t, b)
	if got := again.Started(); got.OperatorTokenFile != "" || got.PolicyVersion != "1" || got.PolicyIsNew || got.BrokerID != started.BrokerID {
		t.Errorf("started again: %+v", got)
	}
	if kept, _ := os.ReadFile(started.OperatorTokenFile); string(kept) != string(token) {
		t.Error("the token's file was changed")
	}
	// Nothing is lost: tokens, objects, and the job that was not done yet.
	for name, secret := range map[string]string{"operator's first": first.Token, "operator": operator.Token} {
		if got := get(t, http.DefaultClient, again.URL()+"/v1/operator/orders", secret); got != 200 {
			t.Errorf("%s token: %d", name, got)
		}
	}
	someone := again.Operator("someone")
	fulfil(t, again, someone)
	object := brokertest.Into[api.StoredObject](again.Customer(brokertest.Acme).Do("GET", "/v1/objects/"+made.UID, nil).Must(200))
	if object.Connection.State != "active" {
		t.Errorf("the connection is %s", object.Connection.State)
	}
}

// get asks with a client and a token of one's own, and returns the status.
func get(t *testing.T, client *http.Client, url, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	changed := restarted(t, b, func(c *broker.Config) { c.Policy = brokertest.Policy(t, "ukcloud-2021") })
	if got := changed.Started(); got.PolicyVersion != "2" || !got.PolicyIsNew {
		t.Errorf("a changed policy: %+v", got)
	}
	policy := brokertest.Into[api.Policy](changed.Customer("1").Do("GET", "/v1/policy", nil).Must(200))
	if policy.Title != "ukcloud-2021" || *policy.Version != "2" || len(policy.Rules) == 0 || policy.RulesVersion == nil {
		t.Errorf("the policy in force: %s, version %s", policy.Title, *policy.Version)
	}
	same := restarted(t, changed, func(c *broker.Config) { c.Policy = brokertest.Policy(t, "ukcloud-2021") })
	if got := same.Started(); got.PolicyVersion != "2" || got.PolicyIsNew {
		t.Errorf("the same policy: %+v", got)
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	running := brokertest.Start(t)
	address := strings.TrimPrefix(running.URL(), "http://")
	foreign := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(foreign, []byte(strings.Repeat("just text\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	occupied := filepath.Join(t.TempDir(), "broker.db")
	if err := os.WriteFile(occupied+".token", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		change func(*broker.Config)
		is     func(error) bool
		words  []string
	}{
		"an occupied port": {
			func(c *broker.Config) { c.Address = address }, as[*broker.AddressInUseError],
			[]string{"address " + address + " is in use by another program, perhaps by another hscn-broker", "--address"},
		},
		"an address that is none": {
			func(c *broker.Config) { c.Address = "nowhere" }, whatever, []string{"listen at nowhere:"},
		},
		"a locked database": {
			func(c *broker.Config) { c.DatabaseURL = running.Config.DatabaseURL }, as[*store.LockedError],
			[]string{running.Config.DatabaseURL + " is in use by another hscn-broker", "PostgreSQL"},
		},
		"a foreign database": {
			func(c *broker.Config) { c.DatabaseURL = foreign }, as[*store.ForeignDatabaseError],
			[]string{foreign + " is not one of hscn-broker's", "nothing in it was changed"},
		},
		"a directory that does not exist": {
			func(c *broker.Config) { c.DatabaseURL = filepath.Join(foreign+".d", "broker.db") }, as[*store.FileError],
			[]string{"cannot be opened", "check that its directory exists"},
		},
		"a token's file that is there already": {
			func(c *broker.Config) { c.DatabaseURL = occupied }, as[*credentials.FileExistsError],
			[]string{occupied + ".token is there already", "move it away"},
		},
		"a certificate without its key": {
			func(c *broker.Config) { c.TLSCertificateFile = foreign }, whatever, []string{"TLS needs both a certificate and its key"},
		},
		"a certificate that is none": {
			func(c *broker.Config) { c.TLSCertificateFile, c.TLSKeyFile = foreign, foreign }, whatever, []string{"read the TLS certificate " + foreign},
		},
		"bank holidays that are none": {
			func(c *broker.Config) { c.BankHolidays = []byte("{}") }, whatever, []string{"bank holidays, override 1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := broker.Config{
				DatabaseURL: filepath.Join(t.TempDir(), "broker.db"), Address: "127.0.0.1:0", Policy: brokertest.Policy(t, "neutral"),
			}
			c.change(&config)
			b, err := broker.Start(t.Context(), config)
			if err == nil {
				t.Error("it started")
				if err := b.Stop(); err != nil {
					t.Error(err)
				}
				return
			}
			if !c.is(err) {
				t.Errorf("err is a %T: %v", err, err)
			}
			for _, words := range c.words {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("err = %v\nwithout %q", err, words)
				}
			}
			// Whoever could not start left the port and the database to whoever has them.
			if got := get(t, http.DefaultClient, running.URL()+"/readyz", ""); got != 200 {
				t.Errorf("the broker that runs is not ready: %d", got)
			}
		})
	}
}

func whatever(error) bool { return true }

func as[E error](err error) bool {
	var wanted E
	return errors.As(err, &wanted)
}

// A start that failed after the database was opened gives it back.
func TestFailedStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "broker.db")
	token := database + ".token"
	if err := os.WriteFile(token, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := broker.Config{DatabaseURL: database, Address: "127.0.0.1:0", Policy: brokertest.Policy(t, "neutral")}
	if _, err := broker.Start(t.Context(), config); err == nil {
		t.Fatal("it started")
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	b, err := broker.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if b.Started().OperatorTokenFile != token {
		t.Errorf("started: %+v", b.Started())
	}
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	certificate, key := selfSigned(t)
	b := brokertest.Start(t, func(c *broker.Config) { c.TLSCertificateFile, c.TLSKeyFile = certificate, key })
	if !strings.HasPrefix(b.URL(), "https://127.0.0.1:") {
		t.Fatalf("url is %s", b.URL())
	}
	pool := x509.NewCertPool()
	data, err := os.ReadFile(certificate)
	if err != nil || !pool.AppendCertsFromPEM(data) {
		t.Fatalf("no certificate: %v", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	if got := get(t, &http.Client{Transport: transport}, b.URL()+"/healthz", ""); got != 200 {
		t.Errorf("over TLS: %d", got)
	}
	if got := get(t, http.DefaultClient, strings.Replace(b.URL(), "https", "http", 1)+"/healthz", ""); got != 400 {
		t.Errorf("in clear text: %d", got)
	}
}

// selfSigned writes a certificate for 127.0.0.1 and its key.
func selfSigned(t *testing.T) (certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"broker.crt": {Type: "CERTIFICATE", Bytes: der}, "broker.key": {Type: "EC PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "broker.crt"), filepath.Join(dir, "broker.key")
}

// Stop lets a request that runs end, and takes no other.
func TestStopIsGraceful(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	b := brokertest.Start(t, func(c *broker.Config) {
		check := c.Middleware
		c.Middleware = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/healthz" {
					close(entered)
					<-release
				}
				check(next).ServeHTTP(w, r)
			})
		}
	})
	answered := make(chan int, 1)
	go func() {
		r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, b.URL()+"/healthz", nil)
		if err != nil {
			answered <- 0
			return
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- 0
			return
		}
		answered <- response.StatusCode
		response.Body.Close()
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- b.Stop() }()
	// The listener closes first, so that a new connection is refused while the old request still runs.
	for {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(b.URL(), "http://"))
		if err != nil {
			break
		}
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	}
	close(release)
	if got := <-answered; got != 200 {
		t.Errorf("the request that ran was answered with %d", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// A request that does not end within the grace is cut off, and the database is given back all the same.
func TestStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	release := make(chan struct{})
	b := brokertest.Start(t, func(c *broker.Config) {
		c.StopGrace = time.Millisecond
		c.Middleware = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(entered)
				<-release
				next.ServeHTTP(w, r)
			})
		}
	})
	broken := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, b.URL()+"/healthz", nil)
		if err == nil {
			var response *http.Response
			if response, err = http.DefaultClient.Do(r); err == nil {
				response.Body.Close()
			}
		}
		broken <- err
	}()
	<-entered
	if err := b.Stop(); err != nil {
		t.Error(err)
	}
	if err := <-broken; err == nil {
		t.Error("the request was answered")
	}
	close(release)
}

func TestOperatorTokenFile(t *testing.T) {
	t.Parallel()
	for database, want := range map[string]string{
		"hscn-broker.db":                    "hscn-broker.db.token",
		"/var/lib/hscn/broker.db":           "/var/lib/hscn/broker.db.token",
		"sqlite:broker.db":                  "broker.db.token",
		"postgres://broker@db.example/hscn": "hscn-broker.db.token",
	} {
		if got := broker.OperatorTokenFile(database); got != want {
			t.Errorf("%s: %s, want %s", database, got, want)
		}
	}
}

// Jobs that nobody does by hand are done by themselves.
func TestJobsRun(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, func(c *broker.Config) { c.JobsByHand = false })
	operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
	b.Load(operator)
	acme.Create("/v1/connections/records", brokertest.Connection("acme-one", "A1B2C")).Must(202)
	deadline, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		got := brokertest.Into[api.Connection](acme.Do("GET", "/v1/connections/records", nil).Must(200))
		if got.State == "awaiting_fulfilment" {
			return
		}
		if deadline.Err() != nil {
			t.Fatalf("the connection is still %s", got.State)
		}
	}
}

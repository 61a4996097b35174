// Package broker is the back end as one thing to start and stop: database, policy, jobs and HTTP server together. What
// it consists of is in the packages below it; cmd/hscn-broker and tests start it.
package broker

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/credentials"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/httpapi"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/orders"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// What serves where nothing else is said.
const (
	DefaultAddress  = "127.0.0.1:8642"
	DefaultDatabase = "hscn-broker.db"
)

// Config is what a broker works with. Only DatabaseURL and Policy must be given.
type Config struct {
	// DatabaseURL is the path of a SQLite file, or a postgres:// URL.
	DatabaseURL string
	// Address is host and port to listen at; port 0 takes a free one. Empty: DefaultAddress.
	Address string
	// TLSCertificateFile and TLSKeyFile hold a certificate chain and its key, in PEM. Both or neither: without them the
	// broker speaks plain HTTP, which is for loopback, or for a proxy in front that speaks TLS.
	TLSCertificateFile, TLSKeyFile string
	// Policy is stored as a new version where it differs from the newest. Package policy reads one.
	Policy api.Policy
	// PolicyIsDefault says that nobody chose Policy: it is for a database that has none yet.
	PolicyIsDefault bool
	// BankHolidays is a document in the shape of GOV.UK's bank-holidays.json that overrides the embedded one, year by
	// year. Nil: the embedded one.
	BankHolidays []byte
	// Clock is "now". Nil: time.Now.
	Clock func() time.Time
	// Logger takes what happens. Nil: nothing is logged.
	Logger *slog.Logger
	// Driver fulfils orders; what it does not do is done by hand. Nil: everything is.
	Driver gateway.Driver
	// Middleware wraps everything that is served; nil does nothing. Tests check answers with it.
	Middleware func(http.Handler) http.Handler
	// OperatorTokenFile is where the first start writes the operator's token. Empty: OperatorTokenFile(DatabaseURL).
	OperatorTokenFile string
	// JobsByHand leaves jobs undone until Desk().RunDueJobs is called, for tests that look at what is between.
	JobsByHand bool
	// StopGrace is how long Stop waits for requests to end. Zero: 10 seconds.
	StopGrace time.Duration
}

// OperatorTokenFile is where the first start of a broker on that database writes the operator's token, unless it is told
// otherwise: beside a SQLite file, and in the working directory for PostgreSQL, which has no directory here.
func OperatorTokenFile(databaseURL string) string {
	const suffix = ".token"
	if strings.Contains(databaseURL, "://") {
		return DefaultDatabase + suffix
	}
	return strings.TrimPrefix(databaseURL, "sqlite:") + suffix
}

// Broker is a broker that runs.
type Broker struct {
	db        *store.DB
	desk      *orders.Desk
	keeper    *credentials.Keeper
	logger    *slog.Logger
	server    *http.Server
	url       string
	started   Started
	stopGrace time.Duration

	background context.Context // the start's, without its end
	stopping   context.CancelFunc
	stopJobs   context.CancelFunc
	running    sync.WaitGroup
	failed     chan error
	stop       func() error
}

// Started is what a start found and did.
type Started struct {
	// BrokerID is the id that was minted with the database.
	BrokerID string
	// PolicyTitle and PolicyVersion are of the policy in force, and PolicyIsNew says that this start stored it.
	PolicyTitle, PolicyVersion string
	PolicyIsNew                bool
	// OperatorTokenFile is the file that the operator's first token was written to; empty where this was not the first
	// start.
	OperatorTokenFile string
}

// AddressInUseError says that another program listens at the broker's address.
type AddressInUseError struct{ Address string }

// Error implements error.
func (e *AddressInUseError) Error() string {
	return fmt.Sprintf("address %s is in use by another program, perhaps by another hscn-broker: stop that one, "+
		"or choose another address with --address", e.Address)
}

// Start opens the database, stores the policy, makes the first token where there never was one, and serves. The context
// bounds the start; the broker then runs until Stop. Errors that an operator can act on are *AddressInUseError,
// *credentials.FileExistsError and those of store.Open.
func Start(ctx context.Context, config Config) (_ *Broker, err error) {
	config.Address = cmp.Or(config.Address, DefaultAddress)
	config.StopGrace = cmp.Or(config.StopGrace, 10*time.Second)
	config.OperatorTokenFile = cmp.Or(config.OperatorTokenFile, OperatorTokenFile(config.DatabaseURL))
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Broker{
		logger: config.Logger, stopGrace: config.StopGrace, background: context.WithoutCancel(ctx), failed: make(chan error, 1),
	}

	// What is most often wrong comes first, before anything is made: the calendar, the certificate, the port.
	var overrides [][]byte
	if config.BankHolidays != nil {
		overrides = append(overrides, config.BankHolidays)
	}
	calendar, err := hscn.NewCalendar(overrides...)
	if err != nil {
		return nil, err
	}
	listener, err := listen(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, listener.Close())
		}
	}()

	b.db, err = store.Open(ctx, config.DatabaseURL, store.Options{Logger: config.Logger})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.db.Close())
		}
	}()
	b.desk = orders.NewDesk(orders.Config{
		DB: b.db, Clock: config.Clock, Calendar: calendar, Logger: config.Logger, Driver: config.Driver,
	})
	b.keeper = credentials.New(b.db, config.Clock)

	b.started.BrokerID = b.db.BrokerID()
	storePolicy := b.desk.StorePolicy
	if config.PolicyIsDefault {
		storePolicy = b.desk.StoreFirstPolicy
	}
	if b.started.PolicyVersion, b.started.PolicyIsNew, err = storePolicy(ctx, config.Policy); err != nil {
		return nil, err
	}
	inForce, err := b.desk.GetPolicy(ctx)
	if err != nil {
		return nil, err
	}
	b.started.PolicyTitle = inForce.Title
	first, err := b.keeper.EnsureFirst(ctx, config.OperatorTokenFile)
	if err != nil {
		return nil, err
	}
	if first {
		b.started.OperatorTokenFile = config.OperatorTokenFile
	}

	stopping, beginStop := context.WithCancel(b.background)
	b.stopping = beginStop
	handler, err := httpapi.New(httpapi.Config{
		DB: b.db, Desk: b.desk, Keeper: b.keeper, Logger: config.Logger, Stopping: stopping,
	})
	if err != nil {
		return nil, err
	}
	if config.Middleware != nil {
		handler = config.Middleware(handler)
	}
	b.serve(config, listener, handler)
	return b, nil
}

// listen takes the address, with TLS where there is a certificate.
func listen(ctx context.Context, config Config) (net.Listener, error) {
	var certificates []tls.Certificate
	if config.TLSCertificateFile != "" || config.TLSKeyFile != "" {
		if config.TLSCertificateFile == "" || config.TLSKeyFile == "" {
			return nil, errors.New("TLS needs both a certificate and its key")
		}
		certificate, err := tls.LoadX509KeyPair(config.TLSCertificateFile, config.TLSKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the TLS certificate %s and its key %s: %w", config.TLSCertificateFile, config.TLSKeyFile, err)
		}
		certificates = append(certificates, certificate)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", config.Address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &AddressInUseError{Address: config.Address}
	}
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", config.Address, err)
	}
	if certificates != nil {
		listener = tls.NewListener(listener, &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: certificates, NextProtos: []string{"h2", "http/1.1"},
		})
	}
	return listener, nil
}

// How long a client may take. The largest body, an inventory, has megabytes.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = time.Minute
	writeTimeout   = 2 * time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// serve runs the server and the jobs.
func (b *Broker) serve(config Config, listener net.Listener, handler http.Handler) {
	scheme := "http"
	if config.TLSCertificateFile != "" {
		scheme = "https"
	} else if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() {
		b.logger.Warn("tokens travel in clear text to an address that others can reach: give the broker a certificate, "+
			"or put a proxy that speaks TLS in front of it", "address", listener.Addr().String())
	}
	b.url = scheme + "://" + listener.Addr().String()
	b.server = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(b.logger.Handler(), slog.LevelDebug),
		BaseContext:    func(net.Listener) context.Context { return b.background },
	}

	jobs, stopJobs := context.WithCancel(b.background)
	b.stopJobs = stopJobs
	b.stop = sync.OnceValue(b.shutdown)
	b.running.Go(func() {
		if err := b.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			b.fail(fmt.Errorf("serve %s: %w", b.url, err))
		}
	})
	if config.JobsByHand {
		return
	}
	b.running.Go(func() {
		if err := b.desk.RunJobs(jobs); err != nil && jobs.Err() == nil {
			b.fail(fmt.Errorf("run jobs: %w", err))
		}
	})
}

// fail keeps the first reason for which the broker cannot go on.
func (b *Broker) fail(err error) {
	select {
	case b.failed <- err:
	default:
	}
}

// URL is where the broker answers, without the /v1 of the contract.
func (b *Broker) URL() string { return b.url }

// Desk is where orders are taken and decided, for tests that need what the API does not offer.
func (b *Broker) Desk() *orders.Desk { return b.desk }

// Started says what the start found and did.
func (b *Broker) Started() Started { return b.started }

// Failed tells why the broker cannot go on, if that comes to pass. It has to be stopped all the same.
func (b *Broker) Failed() <-chan error { return b.failed }

// BootstrapToken makes a token without a caller and returns its secret, for a program that has the broker in itself.
func (b *Broker) BootstrapToken(ctx context.Context, spec api.TokenSpec) (string, error) {
	made, err := b.keeper.Bootstrap(ctx, spec)
	return made.Secret, err
}

// Stop ends the broker: it takes no more requests, lets those that run end within the grace, finishes the job at hand
// and gives the database back. Later calls return what the first did.
func (b *Broker) Stop() error { return b.stop() }

func (b *Broker) shutdown() error {
	grace, cancel := context.WithTimeout(b.background, b.stopGrace)
	defer cancel()
	b.stopping()
	err := b.server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		// Whoever is still being answered has waited too long; what their requests change is whole or not done at all.
		b.logger.Warn("requests did not end in time and are cut off", "grace", b.stopGrace.String())
		err = b.server.Close()
	}
	b.stopJobs()
	b.running.Wait()
	return errors.Join(err, b.db.Close())
}

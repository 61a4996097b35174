package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
)

// envDatabase keeps a password out of the list of processes.
const envDatabase = "HSCN_BROKER_DATABASE"

// serveFlags are what serve is told.
type serveFlags struct {
	address, database, policy, bankHolidays string
	certificate, key                        string
	tokenFile                               string
	logFormat, logLevel                     string
}

func newServe(a *app) *cobra.Command {
	var f serveFlags
	serve := a.command("serve", "Serves the API", cobra.NoArgs, func(ctx context.Context, _ []string) error { return a.serve(ctx, f) })
	serve.Long = `Serves the API until it is interrupted.

Without arguments it listens on loopback, keeps everything in one SQLite file in the working directory, and has the
policy "neutral". The first start on a database makes a token with every role, and says which file holds it.

A policy that differs from the newest one in the database becomes a new version; orders keep the version that they were
judged by. Without --policy the newest one in the database stays in force. GET /healthz says that the process serves,
GET /readyz that its database answers too.`
	flags := serve.Flags()
	flags.StringVar(&f.address, "address", broker.DefaultAddress, "host and port to listen at; port 0 takes a free one")
	flags.StringVar(&f.database, "database", "", fmt.Sprintf(
		"path of a SQLite file, or a postgres:// URL (%s; default %s)", envDatabase, broker.DefaultDatabase))
	flags.StringVar(&f.policy, "policy", "", fmt.Sprintf(
		"name of a sample (%s), or a `FILE` (default: the newest in the database; %s in a new one)",
		strings.Join(policy.Samples(), ", "), policy.Neutral))
	flags.StringVar(&f.bankHolidays, "bank-holidays", "", "`FILE` in the shape of GOV.UK's bank-holidays.json; its years replace the built-in ones")
	flags.StringVar(&f.certificate, "tls-certificate", "", "`FILE` with a certificate chain in PEM; without it the broker speaks plain HTTP")
	flags.StringVar(&f.key, "tls-key", "", "`FILE` with the certificate's key in PEM")
	flags.StringVar(&f.tokenFile, "operator-token-file", "", "`FILE` that the first start writes the operator's token to (default: beside the database)")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	return serve
}

func (a *app) serve(ctx context.Context, f serveFlags) error {
	logger, err := newLogger(a.stderr, f.logFormat, f.logLevel)
	if err != nil {
		return err
	}
	if (f.certificate == "") != (f.key == "") {
		return &usageError{"--tls-certificate and --tls-key go together"}
	}
	config := broker.Config{
		DatabaseURL: cmp.Or(f.database, a.getenv(envDatabase), broker.DefaultDatabase), Address: f.address,
		TLSCertificateFile: f.certificate, TLSKeyFile: f.key, OperatorTokenFile: f.tokenFile, Logger: logger,
		PolicyIsDefault: f.policy == "",
	}
	if config.Policy, err = policy.Load(cmp.Or(f.policy, policy.Neutral)); err != nil {
		return err
	}
	if f.bankHolidays != "" {
		if config.BankHolidays, err = os.ReadFile(f.bankHolidays); err != nil {
			return fmt.Errorf("read the bank holidays: %w", err)
		}
	}

	b, err := broker.Start(ctx, config)
	if err != nil {
		return err
	}
	a.announce(b, config)
	select {
	case <-ctx.Done():
		logger.InfoContext(ctx, "stopping")
	case err = <-b.Failed():
	}
	if stopErr := b.Stop(); err == nil {
		err = stopErr
	}
	if err == nil {
		logger.InfoContext(ctx, "stopped")
	}
	return err
}

// announce says where the broker is, for people on standard output and for machines in the log.
func (a *app) announce(b *broker.Broker, config broker.Config) {
	started := b.Started()
	database := withoutPassword(config.DatabaseURL)
	config.Logger.Info("serving",
		"url", b.URL(), "database", database, "broker_id", started.BrokerID, "version", version,
		"policy", started.PolicyTitle, "policy_version", started.PolicyVersion, "policy_is_new", started.PolicyIsNew)
	fmt.Fprintf(a.stdout, "hscn-broker %s serves %s\n", version, b.URL())
	fmt.Fprintf(a.stdout, "  database  %s\n", database)
	fmt.Fprintf(a.stdout, "  policy    %s, version %s\n", started.PolicyTitle, started.PolicyVersion)
	if file := started.OperatorTokenFile; file != "" {
		config.Logger.Info("the operator's first token was made", "file", file)
		fmt.Fprintf(a.stdout, "  token     %s\n", file)
		fmt.Fprintf(a.stdout, "This is the first start: %s holds the operator's token, a person's with every role.\n"+
			"Only its owner can read the file, and the token is kept nowhere else. Commands take it with --token-file.\n", file)
	}
}

// withoutPassword is a database's address as it may be shown. The query of a PostgreSQL URL may hold passwords too.
func withoutPassword(database string) string {
	u, err := url.Parse(database)
	if err != nil || u.Host == "" && u.User == nil && u.RawQuery == "" {
		return database
	}
	query := u.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if query.Has(name) {
			query.Set(name, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}

func newLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	var options slog.HandlerOptions
	var at slog.Level
	if err := at.UnmarshalText([]byte(level)); err != nil {
		return nil, &usageError{fmt.Sprintf("--log-level is debug, info, warn or error, not %q", level)}
	}
	options.Level = at
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &options)), nil
	default:
		return nil, &usageError{fmt.Sprintf("--log-format is text or json, not %q", format)}
	}
}

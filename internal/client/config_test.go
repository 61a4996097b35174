package client

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

func TestAPrivateAuthorityAndAClientCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			writeProblem(w, 401, "unauthenticated")
			return
		}
		write200(w, api.Policy{Title: "neutral"})
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	dir := t.TempDir()
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate, key := testCertificate(t)
	config := Config{Endpoint: server.URL, CACertificateFile: file("ca.pem", "CERTIFICATE", server.Certificate().Raw)}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Policy(t.Context()); !IsRefused(err) {
		t.Errorf("without a certificate: %v", err)
	}
	config.ClientCertificateFile, config.ClientKeyFile = file("client.pem", "CERTIFICATE", certificate), file("client.key", "PRIVATE KEY", key)
	if c, err = New(config); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Policy(t.Context()); err != nil {
		t.Errorf("with one: %v", err)
	}
}

func TestConfigurationThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		config Config
		field  string
		says   string
	}{
		"no scheme":           {Config{Endpoint: "broker.example"}, "Endpoint", "https://broker.example"},
		"another scheme":      {Config{Endpoint: "ftp://broker.example"}, "Endpoint", "https://broker.example"},
		"nothing":             {Config{}, "Endpoint", "https://broker.example"},
		"not a URL":           {Config{Endpoint: "https://broker.example:port"}, "Endpoint", "port"},
		"a password":          {Config{Endpoint: "https://me:hunter2@broker.example"}, "Endpoint", "token"},
		"a query":             {Config{Endpoint: "https://broker.example/?a=b"}, "Endpoint", "leave out"},
		"a torn token":        {Config{Endpoint: "https://broker.example", Token: "hunter2\nhunter2"}, "Token", "line break"},
		"a torn account":      {Config{Endpoint: "https://broker.example", Account: "6\n76"}, "Account", "line break"},
		"a torn reference":    {Config{Endpoint: "https://broker.example", ChangeReference: "CHG\r1"}, "ChangeReference", "control character"},
		"no such file":        {Config{Endpoint: "https://broker.example", CACertificateFile: "no-such.pem"}, "CACertificateFile", "no such file"},
		"no PEM":              {Config{Endpoint: "https://broker.example", CACertificateFile: empty}, "CACertificateFile", "no certificate"},
		"certificate, no key": {Config{Endpoint: "https://broker.example", ClientCertificateFile: empty}, "ClientKeyFile", "needs its key"},
		"key, no certificate": {Config{Endpoint: "https://broker.example", ClientKeyFile: empty}, "ClientCertificateFile", "needs its certificate"},
		"not a key pair":      {Config{Endpoint: "https://broker.example", ClientCertificateFile: empty, ClientKeyFile: empty}, "ClientCertificateFile", "PEM"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(test.config)
			var wrong *ConfigError
			if !errors.As(err, &wrong) || wrong.Field != test.field || !strings.Contains(wrong.Error(), test.says) {
				t.Errorf("the error is %v", err)
			}
			if strings.Contains(fmt.Sprint(err), "hunter2") {
				t.Error("the error shows the password")
			}
		})
	}
}

func TestEndpointsAreWrittenInSeveralWays(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://broker.example":         "https://broker.example/v1/",
		"https://broker.example/":        "https://broker.example/v1/",
		"https://broker.example/v1":      "https://broker.example/v1/",
		"https://broker.example/v1/":     "https://broker.example/v1/",
		" https://broker.example:8443 ":  "https://broker.example:8443/v1/",
		"https://api.example/hscn":       "https://api.example/hscn/v1/",
		"http://127.0.0.1:8080/hscn/v1/": "http://127.0.0.1:8080/hscn/v1/",
	} {
		if got, err := parseEndpoint(endpoint); got != want || err != nil {
			t.Errorf("%q becomes %q, %v", endpoint, got, err)
		}
	}
}

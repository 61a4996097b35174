package provider_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// server is an HTTP server that is no broker.
func server(t *testing.T, tls bool, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a handshake that fails is what is tested
	if tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.URL
}

func TestAccWhatAUserReadsOfABadConfiguration(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<html><head><title>Intranet</title></head><body>This page was not found.</body></html>")
	}
	configured := func(lines ...string) string {
		return "provider \"hscn\" {\n  max_retries = 0\n  " + strings.Join(lines, "\n  ") + "\n}\n" +
			site.Connection("records", "records-prod", 1, acctest.Good)
	}
	endpoint := func(url string) string { return fmt.Sprintf("endpoint = %q\n  token = %q", url, site.Token) }
	tests := map[string]struct {
		config string
		says   []string
	}{
		"wrong endpoint": {configured(endpoint(server(t, false, page))), []string{
			"Error creating connection", "was answered with status 404 and text/html; charset=utf-8, which is not how a broker answers",
			`It begins: "Intranet This page was not found."`, "Check endpoint (HSCN_ENDPOINT)", "without /v1",
		}},
		"refused connection": {configured(endpoint(closed.URL)), []string{
			"Error creating connection", "Nothing listens at 127.0.0.1:", "the connection was refused", "Check endpoint (HSCN_ENDPOINT), and whether the broker runs",
		}},
		"wrong token": {configured(fmt.Sprintf("endpoint = %q\n  token = \"mistyped\"", site.URL())), []string{
			"Error asking the broker for policy and facts", "does not accept the token", "Check token (HSCN_TOKEN)", "Request:",
		}},
		"TLS failure": {configured(endpoint(server(t, true, page))), []string{
			"Error creating connection", "No secure connection to 127.0.0.1:", "certificate signed by unknown authority", "ca_certificate_file",
		}},
		"TLS where there is none": {configured(endpoint(strings.Replace(site.URL(), "http:", "https:", 1))), []string{
			"Error creating connection", "No secure connection", "HTTP response to HTTPS client", "host and scheme",
		}},
		"login page": {configured(endpoint(server(t, false, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/", http.StatusFound)
		}))), []string{"It sends to https://login.example/.", "a login page may stand in between"}},
		"another path": {configured(endpoint(site.URL()+"/console"), `plan_checks = "off"`), []string{
			"Error creating connection", "There is no such operation", "Check endpoint (HSCN_ENDPOINT)", "without /v1",
		}},
		"a torn token": {configured(fmt.Sprintf("endpoint = %q\n  token = \"secret\\nsecret\"", site.URL())), []string{
			"Invalid provider configuration", "line break",
		}},
		"no endpoint and no token": {configured(), []string{
			"The provider is not configured", "Set endpoint and token in the provider block, or HSCN_ENDPOINT and HSCN_TOKEN in the environment",
		}},
		"no token":       {configured(`endpoint = "https://broker.example"`), []string{"Set token in the provider block, or HSCN_TOKEN in the environment"}},
		"not an address": {configured(endpoint("broker.example")), []string{"Invalid provider configuration", "endpoint = \"broker.example\"", "https://broker.example"}},
		"no such file":   {configured(endpoint("https://broker.example"), `ca_certificate_file = "no-such.pem"`), []string{"Invalid provider configuration", "no such file"}},
		"key without a certificate": {configured(endpoint("https://broker.example"), `client_key_file = "key.pem"`), []string{
			"Invalid provider configuration", "client key needs its certificate",
		}},
		"plan_checks":     {configured(endpoint(site.URL()), `plan_checks = "no"`), []string{"enforce", "warn", "off"}},
		"request_timeout": {configured(endpoint(site.URL()), `request_timeout = "30"`), []string{"Malformed length of time", "such as 30s"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Terraform(t, refused(test.config, append([]string{"Error:"}, test.says...)...))
		})
	}
}

// A file that a token is read from ends with a line break, as files do.
func TestProtocolATokenFromAFile(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token + "\n"})
	if plan := p.plan("hscn_connection", connection(nil), none, nil); len(plan.diags) > 0 {
		t.Errorf("it says %s", show(plan.diags))
	}
}

// Not parallel: what is tested comes from the environment, which is the process's.
func TestAccConfigurationFromTheEnvironment(t *testing.T) {
	site := acctest.Start(t, "neutral")
	t.Setenv("HSCN_ENDPOINT", site.URL()+"/v1")
	t.Setenv("HSCN_TOKEN", site.Token)
	t.Setenv("HSCN_ACCOUNT", acctest.Account)
	t.Setenv("HSCN_CHANGE_REFERENCE", "CHG-42")
	acctest.Terraform(t, resource.TestStep{Config: site.Connection("records", "records-prod", 1, acctest.Good)})
	audit := site.Recorder.Do(http.MethodGet, "/v1/operator/audit-entries", nil)
	if !strings.Contains(string(audit.Body), "CHG-42") {
		t.Errorf("the audit has no change reference: %s", audit.Body)
	}
}

// Not parallel, as above.
func TestProtocolWrongValuesFromTheEnvironmentNameTheirVariable(t *testing.T) {
	for variable, value := range map[string]string{
		"HSCN_PLAN_CHECKS": "no", "HSCN_MAX_RETRIES": "many", "HSCN_REQUEST_TIMEOUT": "30", "HSCN_ENDPOINT": "broker.example",
		"HSCN_CA_CERTIFICATE_FILE": filepath.Join(t.TempDir(), "no-such.pem"),
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("HSCN_ENDPOINT", "https://broker.example")
			t.Setenv("HSCN_TOKEN", "a-token")
			t.Setenv(variable, value)
			_, diags := speak(t, obj{"max_retries": nil})
			says(t, ofSeverity(diags, isError), "Invalid value of "+variable)
		})
	}
}

// Not parallel, as above.
func TestProtocolTheConfigurationGoesBeforeTheEnvironment(t *testing.T) {
	t.Setenv("HSCN_PLAN_CHECKS", "no")
	t.Setenv("HSCN_ENDPOINT", "broker.example")
	_, diags := speak(t, obj{"endpoint": "https://broker.example", "token": "a-token", "plan_checks": "warn"})
	if len(diags) > 0 {
		t.Errorf("it says %s", show(diags))
	}
}

func TestProtocolAConfigurationThatIsNotKnownYetWarnsOnce(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	known := speakTo(t, site.URL(), obj{"token": site.Token})
	state := made(t, known, connection(nil))

	p, diags := speak(t, obj{"endpoint": unknown, "token": site.Token})
	if len(diags) != 1 || diags[0].Severity != isWarning {
		t.Fatalf("it says %s", show(diags))
	}
	says(t, diags, "The provider's configuration is not known yet", "endpoint depends on something that is only made in the apply")
	plan := p.plan("hscn_connection", connection(obj{"ods_code": acctest.Bad}), none, nil)
	if len(plan.diags) > 0 || plan.text(t, "commitment_months") != "(unknown)" {
		t.Errorf("the plan says %s", show(plan.diags))
	}
	kept, diags := p.read(state)
	if len(diags) > 0 || !kept.state.Equal(state.state) {
		t.Errorf("the refresh says %s", show(diags))
	}
}

func TestProtocolNothingIsAskedWithoutNeed(t *testing.T) {
	t.Parallel()
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	requests.since()
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	p.validate("hscn_connection", connection(nil))
	if got := requests.since(); len(got) > 0 {
		t.Errorf("it asked %v", got)
	}
	// Without endpoint and token nothing is wrong as long as nothing has to be asked.
	p, diags := speak(t, nil)
	if diags := append(diags, p.validate("hscn_connection", connection(nil))...); len(diags) > 0 {
		t.Errorf("it says %s", show(diags))
	}
}

func TestAccEndpointMadeInTheSameApply(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	config := fmt.Sprintf("resource \"terraform_data\" \"broker\" {\n  input = %q\n}\n", site.URL()) +
		fmt.Sprintf("provider \"hscn\" {\n  endpoint = terraform_data.broker.output\n  token = %q\n}\n", site.Token) +
		site.Connection("records", "records-prod", 1, acctest.Good)
	acctest.Terraform(t, resource.TestStep{Config: config}, noChanges(config))
}

// Not parallel, as above.
func TestAccDestroyNoneTheLess(t *testing.T) {
	site := acctest.Start(t, "neutral")
	good := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
	// A second resource that would be refused stands in the way of the plan with which a destroy begins.
	bad := good + site.Connection("other", "other-prod", 2, acctest.Bad)
	acctest.Terraform(t,
		resource.TestStep{Config: good},
		resource.TestStep{Config: bad, Destroy: true, ExpectError: regexp.MustCompile(`Rule: dspt\.stale`)},
		resource.TestStep{PreConfig: func() { t.Setenv("HSCN_PLAN_CHECKS", "off") }, Config: bad, Destroy: true},
		resource.TestStep{PreConfig: func() { t.Setenv("HSCN_PLAN_CHECKS", "") }, Config: good},
	)
}

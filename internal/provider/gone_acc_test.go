package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// front is an address that stays while the broker behind it changes.
type front struct {
	url    string
	behind atomic.Pointer[url.URL]
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	server := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.behind.Load()) }})
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// leadTo puts a broker behind the address.
func (f *front) leadTo(t *testing.T, b *brokertest.Broker) {
	t.Helper()
	to, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	f.behind.Store(to)
}

// provider is the provider's block for the address.
func (f *front) provider(site *acctest.Site, more ...string) string {
	return strings.ReplaceAll(site.Provider(more...), site.URL(), f.url)
}

// keepsState fails the test unless a command fails and leaves the state as it is. It returns what was said.
func keepsState(t *testing.T, w *acctest.Workspace, command string, arguments ...string) string {
	t.Helper()
	before := w.State()
	said := w.Fail(command, arguments...)
	if after := w.State(); after != before {
		t.Errorf("%s %v changes the state from\n%s\nto\n%s", command, arguments, before, after)
	}
	return said
}

// The operator puts a database back to before the order was made: state keeps it, and every command says what differs,
// until the right database is there again.
func TestAccADatabaseThatWasPutBackToBeforeTheOrder(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	address := newFront(t)
	address.leadTo(t, site.Broker)
	before := databaseCopy(t, site)
	w := workspace(t)
	w.Configure(address.provider(site), site.Connection("records", "records-prod", 1, acctest.Good), acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`))
	w.Run("apply", "-auto-approve")

	back := putBack(t, before)
	address.leadTo(t, back)
	differs := []string{
		"Another broker than the one that made it says so: this one is " + back.Started().BrokerID + ", it was made by " + site.Started().BrokerID,
		"terraform state rm",
	}
	for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
		reads(t, keepsState(t, w, command[0], command[1:]...), append(differs, "Error reading connection", connectionName+" is not to be found, but it is kept in state")...)
	}
	reads(t, keepsState(t, w, "destroy", "-auto-approve", "-refresh=false"), append(differs, "Error deleting edge attachment", edgeName+" is not to be found, but it is kept in state")...)

	address.leadTo(t, site.Broker)
	reads(t, w.Run("plan"), "No changes")

	// What is lost for good is taken out of state by hand, and is then ordered anew.
	address.leadTo(t, back)
	w.Run("state", "rm", connectionAddress, edgeAddress)
	reads(t, w.Run("apply", "-auto-approve"), "2 added, 0 changed, 0 destroyed")
	reads(t, w.Run("plan"), "No changes")
}

// The operator puts a database back that has everything in it: one warning for the run, and none once an apply has
// written down the new id.
func TestAccADatabaseThatWasPutBackWithTheObjects(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	address := newFront(t)
	address.leadTo(t, site.Broker)
	w := workspace(t)
	w.Configure(address.provider(site), site.Connection("records", "records-prod", 1, acctest.Good), site.Connection("letters", "letters-prod", 2, acctest.Good),
		acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`))
	w.Run("apply", "-auto-approve")

	address.leadTo(t, putBack(t, databaseCopy(t, site)))
	for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}} {
		output := w.Run(command[0], command[1:]...)
		reads(t, output, "No changes", "Warning: The broker has a new identity", "a broker's database was put back from a copy")
		if strings.Count(output, "The broker has a new identity") != 1 || strings.Contains(output, "similar warning") {
			t.Errorf("%v warns more than once:\n%s", command, output)
		}
	}
	if output := w.Run("plan"); strings.Contains(output, "new identity") {
		t.Errorf("the next run says\n%s", output)
	}
	reads(t, w.Run("destroy", "-auto-approve"), "3 destroyed")
}

// Another account's token and a proxy's page leave the state alone, whichever command meets them.
func TestAccWhoeverElseAnswersNothingLeavesTheState(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	both := site.As(api.TokenSpec{Subject: "both", Accounts: []string{acctest.Account, acctest.OtherAccount}})
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<html><title>Sign in</title></html>"))
	}))
	t.Cleanup(page.Close)
	resources := site.Connection("records", "records-prod", 1, acctest.Good) + acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
	own := site.Provider()
	w := workspace(t)
	w.Configure(own, resources)
	w.Run("apply", "-auto-approve")

	const otherAccount = "It belongs to the account 676, and this was asked for the account 90."
	for name, test := range map[string]struct {
		provider string
		says     string
	}{
		"another account's token": {strings.ReplaceAll(own, site.Token, site.Customer(acctest.OtherAccount).Token), otherAccount},
		"another account":         {strings.ReplaceAll(own, site.Token, both.Token+"\"\n  account = \""+acctest.OtherAccount), otherAccount},
		"a page":                  {strings.ReplaceAll(own, site.URL(), page.URL), `It begins: "Sign in"`},
	} {
		w.Configure(test.provider, resources)
		for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve", "-refresh=false"}} {
			if said := keepsState(t, w, command[0], command[1:]...); !strings.Contains(said, test.says) {
				t.Errorf("%s: %v says\n%s", name, command, said)
			}
		}
	}
	w.Configure(own, resources)
	reads(t, w.Run("plan"), "No changes")
}

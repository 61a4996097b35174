package client_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// How many faults are injected where HSCN_FAULTS does not say it, and from which seed on lives are drawn where
// HSCN_FAULTS_SEED does not: always the same ones, so that a change is what makes the test fail.
const (
	defaultFaults = 300
	shortFaults   = 50
	defaultSeed   = 1
)

// Each life has an account of its own with so many services and names; so many lives share a broker.
const (
	places        = 2
	livesOfBroker = 50
)

// TestLivesUnderFaults lets accounts order, change, give up and read connections while requests and answers get lost,
// break off, come late and are sent twice, and holds what the broker has against what its callers were told: of one name
// at most one object lives, what was acknowledged is there, nothing was ordered twice or without being asked for, and the
// audit says the same and verifies.
//
// HSCN_FAULTS is how many faults are injected over both databases, and HSCN_FAULTS_SEED the first life's seed.
func TestLivesUnderFaults(t *testing.T) {
	t.Parallel()
	fallback := defaultFaults
	if testing.Short() {
		fallback = shortFaults
	}
	faults, first := number(t, "HSCN_FAULTS", fallback), number(t, "HSCN_FAULTS_SEED", defaultSeed)
	for name, newURL := range map[string]func(*testing.T) string{
		"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "broker.db") },
		"PostgreSQL": func(t *testing.T) string { return storetest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			befallen := make(map[trouble]int)
			injected, lives := 0, 0
			for injected < (faults+1)/2 {
				s := newScene(t, newURL(t))
				for n := 0; n < livesOfBroker && injected < (faults+1)/2; n++ {
					l := s.newLife(first+lives, n)
					l.live()
					lives++
					injected += l.transport.count()
					for one, times := range l.transport.befallen {
						befallen[one] += times
					}
				}
				s.judge()
			}
			t.Logf("%d faults in %d lives from seed %d on: %v", injected, lives, first, befallen)
		})
	}
}

func number(t *testing.T, variable string, fallback int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// scene is a broker with accounts for lives.
type scene struct {
	*brokertest.Broker
	t        *testing.T
	operator brokertest.Client
	// known are the uids of all objects that lives know of.
	known map[string]bool
}

func newScene(t *testing.T, url string) *scene {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	s := &scene{t: t, known: make(map[string]bool), Broker: brokertest.Start(t, func(c *broker.Config) { c.DatabaseURL, c.OperatorTokenFile = url, token })}
	s.operator = s.Operator("operator")
	inventory := brokertest.Inventory(s.Clock.Now())
	for n := range livesOfBroker {
		inventory.Accounts = append(inventory.Accounts, api.InventoryAccount{ID: account(n), Title: "Life", Organisations: []string{"A1B2C"}})
		for place := range places {
			inventory.Services = append(inventory.Services, api.InventoryService{Type: "cloud_project", ID: service(n, place), Account: account(n), Zone: "main"})
		}
	}
	s.operator.Do("POST", "/v1/operator/inventory", inventory).Must(200)
	return s
}

func account(n int) string            { return strconv.Itoa(1000 + n) }
func service(n, place int) string     { return fmt.Sprintf("life-%d-%d", n, place) }
func connectionName(place int) string { return fmt.Sprintf("records-%d", place) }

// judge holds the operator's queue against what the lives know: an order for each object, and none for another.
func (s *scene) judge() {
	s.t.Helper()
	provided := make(map[string]int)
	for _, order := range s.Records(s.operator).Orders {
		if order.Kind == "provide" {
			provided[order.ObjectUID]++
		}
		if !s.known[order.ObjectUID] {
			s.t.Errorf("order %d is for %s (%s), which nobody asked for", order.ID, order.Object, order.ObjectUID)
		}
	}
	for uid := range s.known {
		if provided[uid] != 1 {
			s.t.Errorf("%s was ordered %d times", uid, provided[uid])
		}
	}
}

// step is one thing that an account does, and what befalls its requests.
type step struct {
	deed           deed
	place, service int
	troubles       []trouble
}

type deed int

const (
	create deed = iota
	update
	remove
	read
	updateStale // by a revision that is not there any more
	removeGone  // by the uid of what had the name before
	work        // the broker's own
	deeds
)

func (d deed) String() string {
	return [...]string{"create", "update", "remove", "read", "stale update", "stale remove", "work"}[d]
}

// lifeOf draws what an account does in its life.
func lifeOf(seed int) []step {
	return rapid.Custom(func(t *rapid.T) []step {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
			return step{
				deed:  deed(rapid.IntRange(0, int(deeds)-1).Draw(t, "deed")),
				place: rapid.IntRange(0, places-1).Draw(t, "place"), service: rapid.IntRange(0, places-1).Draw(t, "service"),
				troubles: rapid.SliceOfN(rapid.Map(rapid.IntRange(0, int(troubles)-1), func(n int) trouble { return trouble(n) }), 0, 6).Draw(t, "troubles"),
			}
		}), 15, 30).Draw(t, "steps")
	}).Example(seed)
}

// life is an account, and what it knows.
type life struct {
	*scene
	seed, n           int
	transport         *troubled
	client, calm      *client.Client
	there             [places]*held
	gone              [places][]string // the uids that a name had before
	updates, removals map[string]int   // by uid: how often it was changed, and given up
	said              int
	story             []string
}

// held is a connection that lives.
type held struct {
	uid, etag, stale, order string
	service                 int
}

func (s *scene) newLife(seed, n int) *life {
	s.t.Helper()
	l := &life{scene: s, seed: seed, n: n, transport: &troubled{base: &http.Transport{}}, updates: make(map[string]int), removals: make(map[string]int)}
	config := client.Config{Endpoint: s.URL(), Token: s.Customer(account(n)).Token, MaxRetries: 3, RequestTimeout: patient}
	for c, transport := range map[**client.Client]http.RoundTripper{&l.client: l.transport, &l.calm: nil} {
		var err error
		if *c, err = client.NewPaced(config, transport); err != nil {
			s.t.Fatal(err)
		}
	}
	return l
}

// fail ends the test with the story so far.
func (l *life) fail(format string, args ...any) {
	l.t.Helper()
	text := ""
	for _, line := range l.story {
		text += "\n  " + line
	}
	l.t.Fatalf("the life of seed %d: %s\n\nIts story:%s\n\nPlay it alone with: HSCN_FAULTS=1 HSCN_FAULTS_SEED=%d go test ./internal/client/ -run TestLives",
		l.seed, fmt.Sprintf(format, args...), text, l.seed)
}

// live does every step, and compares after each.
func (l *life) live() {
	l.t.Helper()
	for _, s := range lifeOf(l.seed) {
		l.story = append(l.story, fmt.Sprintf("%s %s on service %d: %v", s.deed, connectionName(s.place), s.service, s.troubles))
		l.transport.expect(s.troubles)
		switch s.deed {
		case create:
			l.create(s)
		case update:
			l.update(s, false)
		case updateStale:
			l.update(s, true)
		case remove:
			if there := l.there[s.place]; there != nil {
				l.remove(s, there.uid)
			}
		case removeGone:
			if gone := l.gone[s.place]; len(gone) > 0 {
				l.remove(s, gone[len(gone)-1])
			}
		case read:
			l.read(s)
		case work:
			l.Work()
		}
		l.settle()
		l.compare()
	}
	l.settleUp()
}

func (l *life) settle() int {
	l.t.Helper()
	late, err := l.transport.settle()
	if err != nil {
		l.fail("%v", err)
	}
	return late
}

// answered says whether an operation was answered, and fails where it was answered otherwise than expected: by success,
// or by a problem of that kind.
func (l *life) answered(err error, expected string) bool {
	l.t.Helper()
	if !client.IsAnswered(err) {
		l.story = append(l.story, "  unanswered: "+err.Error())
		return false
	}
	got := ""
	if err != nil {
		got = err.Error()
	}
	if problem, ok := client.AsProblem(err); ok {
		got = problem.Kind()
	}
	if got != expected {
		l.fail("answered by %q, expected %q: %v", got, expected, err)
	}
	return true
}

// look reads what is there without trouble, or nil where nothing is.
func (l *life) look(place int) *api.Connection {
	l.t.Helper()
	seen, err := l.calm.Connection(l.t.Context(), connectionName(place))
	switch {
	case client.IsObjectGone(err):
		return nil
	case err != nil:
		l.fail("looking at %s: %v", connectionName(place), err)
	}
	return &seen
}

func (l *life) create(s step) {
	l.t.Helper()
	expected := ""
	if l.there[s.place] != nil {
		expected = "name-taken"
	}
	for place, other := range l.there {
		if place != s.place && other != nil && other.service == s.service {
			expected = "preconditions-failed"
		}
	}
	made, err := l.client.CreateConnection(l.t.Context(), connectionName(s.place), brokertest.Connection(service(l.n, s.service), "A1B2C"))
	if !l.answered(err, expected) {
		// Without requests that are still on their way the client knows what became of its order.
		late := l.settle()
		seen := l.look(s.place)
		var unanswered *client.Unanswered
		if errors.As(err, &unanswered) && late == 0 && unanswered.Holder == nil && seen != nil {
			l.fail("the client says that nothing was ordered, and %s is there", seen.UID)
		}
		if expected != "" || seen == nil {
			return
		}
		made = *seen
	} else if err != nil {
		return
	}
	sum := sha256.Sum256([]byte(l.transport.lastKey()))
	if made.CreateKeySha256 != hex.EncodeToString(sum[:]) {
		l.fail("%s was not made by this order", made.UID)
	}
	if l.known[made.UID] {
		l.fail("%s was made before", made.UID)
	}
	l.known[made.UID] = true
	l.there[s.place] = &held{uid: made.UID, etag: made.Etag, service: s.service}
}

func (l *life) update(s step, stale bool) {
	l.t.Helper()
	there := l.there[s.place]
	if there == nil || stale && there.stale == "" {
		return
	}
	l.said++
	order, etag, expected := fmt.Sprintf("PO-%d", l.said), there.etag, ""
	if stale {
		etag, expected = there.stale, "etag-mismatch"
	}
	updated, err := l.client.UpdateConnection(l.t.Context(), connectionName(s.place), etag, api.MergePatch{"purchase_order": order})
	if !l.answered(err, expected) {
		l.settle()
		seen := l.look(s.place)
		if seen == nil || stale || seen.Etag == there.etag {
			return
		}
		updated = *seen
	} else if err != nil {
		return
	}
	if updated.UID != there.uid || updated.Etag == there.etag || updated.PurchaseOrder == nil || *updated.PurchaseOrder != order {
		l.fail("%+v is what became of %+v", updated, *there)
	}
	l.updates[there.uid]++
	there.stale, there.etag, there.order = there.etag, updated.Etag, order
}

func (l *life) remove(s step, uid string) {
	l.t.Helper()
	there := l.there[s.place]
	expected := "object-gone"
	if there != nil && there.uid == uid {
		expected = ""
	}
	gone, err := l.client.DeleteConnection(l.t.Context(), connectionName(s.place), uid)
	if !l.answered(err, expected) {
		l.settle()
		if expected != "" || l.look(s.place) != nil {
			return
		}
	} else if err != nil {
		return
	} else if gone.UID != uid {
		l.fail("%s was given up in place of %s", gone.UID, uid)
	}
	l.removals[uid]++
	l.gone[s.place] = append(l.gone[s.place], uid)
	l.there[s.place] = nil
}

func (l *life) read(s step) {
	l.t.Helper()
	there, expected := l.there[s.place], "object-gone"
	if there != nil {
		expected = ""
	}
	if seen, err := l.client.Connection(l.t.Context(), connectionName(s.place)); l.answered(err, expected) && err == nil && seen.UID != there.uid {
		l.fail("%s was read, and %s is there", seen.UID, there.uid)
	}
}

// compare holds what is there against what the account knows.
func (l *life) compare() {
	l.t.Helper()
	for place, there := range l.there {
		seen := l.look(place)
		switch {
		case seen == nil && there == nil:
		case seen == nil:
			l.fail("%s was acknowledged and is not there", there.uid)
		case there == nil:
			l.fail("%s is there, and nobody ordered it", seen.UID)
		case seen.UID != there.uid || seen.Etag != there.etag || there.order != "" && *seen.PurchaseOrder != there.order:
			l.fail("%+v is there, not %+v", *seen, *there)
		}
	}
}

// settleUp holds the audit of each of the account's objects against what it knows.
func (l *life) settleUp() {
	l.t.Helper()
	uids := make([]string, 0, len(l.known))
	for place, there := range l.there {
		uids = append(uids, l.gone[place]...)
		if there != nil {
			uids = append(uids, there.uid)
		}
	}
	for _, uid := range uids {
		if _, err := l.calm.Object(l.t.Context(), uid); err != nil {
			l.fail("%s was made and is not to be found: %v", uid, err)
		}
		done := make(map[string]int)
		for _, entry := range brokertest.All[api.AuditEntry](l.operator, "/v1/operator/audit-entries?page_size=1000&object_uid="+uid) {
			done[entry.Action]++
		}
		if done["connection.create"] != 1 || done["connection.update"] != l.updates[uid] || done["connection.delete"] != l.removals[uid] {
			l.fail("%s: the audit has %v; it was changed %d times and given up %d times", uid, done, l.updates[uid], l.removals[uid])
		}
	}
}

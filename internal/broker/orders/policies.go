package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// policy is one version of what the cloud service provider decides, as it travels and as the rule engine reads it.
type policy struct {
	version  int64
	document api.Policy
	engine   rules.Policy
}

// versionText is the version as orders show it.
func (p *policy) versionText() string { return strconv.FormatInt(p.version, 10) }

// operator is what customers know the operator as.
func (p *policy) operator() string { return "the operator of " + p.document.Csp.Title }

// GetPolicy returns the policy that is in force now, with the severity of every rule that this broker judges by.
func (d *Desk) GetPolicy(ctx context.Context) (api.Policy, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.Policy, error) {
		p, err := d.policyInForce(ctx, r, d.now())
		if err != nil {
			return api.Policy{}, err
		}
		return p.document, nil
	})
}

// StorePolicy makes the policy the newest version where it differs from the one in force, and says which version is in
// force then and whether it is a new one. Orders that stand keep the version that they were judged by. The error wraps an
// *assess.MemberError where the policy does not make sense.
func (d *Desk) StorePolicy(ctx context.Context, document api.Policy) (version string, changed bool, err error) {
	return d.storePolicy(ctx, document, func(inForce api.Policy) bool { return sameJSON(inForce, document) })
}

// StoreFirstPolicy is StorePolicy for a database that has no policy yet. One that has keeps what is in force: whoever
// starts a broker again and says nothing of policy has not decided on another.
func (d *Desk) StoreFirstPolicy(ctx context.Context, document api.Policy) (version string, changed bool, err error) {
	return d.storePolicy(ctx, document, func(api.Policy) bool { return true })
}

// storePolicy stores the policy where there is none in force, or one that is not kept.
func (d *Desk) storePolicy(
	ctx context.Context, document api.Policy, kept func(inForce api.Policy) bool,
) (version string, changed bool, err error) {
	if _, err := assess.Policy(document); err != nil {
		return "", false, fmt.Errorf("the policy cannot be judged by: %w", err)
	}
	document.Version, document.ValidFrom = nil, nil
	text, err := json.Marshal(document)
	if err != nil {
		return "", false, fmt.Errorf("encode the policy: %w", err)
	}
	err = d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockPolicies(ctx); err != nil {
			return err
		}
		now := d.now()
		latest, err := tx.PolicyInForce(ctx, now)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && kept(latest.Document) {
			version, changed = strconv.FormatInt(latest.Version, 10), false
			return nil
		}
		row := store.Policy{Document: document, ValidFrom: now}
		if err := tx.InsertPolicy(ctx, &row); err != nil {
			return err
		}
		version, changed = strconv.FormatInt(row.Version, 10), true
		sum := sha256.Sum256(text)
		return record(ctx, tx, broker(), now, entry{
			action: "policy.store",
			details: map[string]any{
				"policy_version": version, "title": document.Title, "policy_sha256": hex.EncodeToString(sum[:]),
			},
		})
	})
	return version, changed, overtaken(err)
}

// sameJSON says whether two values are the same when they travel.
func sameJSON(a, b any) bool {
	left, leftErr := jsonValue(a)
	right, rightErr := jsonValue(b)
	return leftErr == nil && rightErr == nil && reflect.DeepEqual(left, right)
}

// policyInForce is what new orders are judged by.
func (d *Desk) policyInForce(ctx context.Context, r *store.Reader, now time.Time) (*policy, error) {
	row, err := r.PolicyInForce(ctx, now)
	if errors.Is(err, store.ErrNotFound) {
		return nil, problem.New(problem.Unavailable, "The broker has no policy yet: it was started without one being stored.")
	}
	if err != nil {
		return nil, err
	}
	return d.policyOfRow(row)
}

// policyOfVersion is what an order was judged by.
func (d *Desk) policyOfVersion(ctx context.Context, r *store.Reader, version int64) (*policy, error) {
	if known, found := d.policies.Load(version); found {
		if p, isPolicy := known.(*policy); isPolicy {
			return p, nil
		}
	}
	row, err := r.PolicyByVersion(ctx, version)
	if err != nil {
		return nil, fmt.Errorf("policy version %d: %w", version, err)
	}
	return d.policyOfRow(row)
}

func (d *Desk) policyOfRow(row store.Policy) (*policy, error) {
	if known, found := d.policies.Load(row.Version); found {
		if p, isPolicy := known.(*policy); isPolicy {
			return p, nil
		}
	}
	p := &policy{version: row.Version, document: row.Document}
	version, rulesVersion, validFrom := p.versionText(), rules.Version, row.ValidFrom.UTC()
	p.document.Version, p.document.RulesVersion, p.document.ValidFrom = &version, &rulesVersion, &validFrom
	// Rules that came with a newer broker than the one that stored the policy have their default.
	severities := make(map[string]api.Severity)
	for rule, severity := range rules.DefaultSeverities() {
		severities[rule] = api.Severity(severity)
	}
	for rule, severity := range row.Document.Rules {
		severities[rule] = severity
	}
	p.document.Rules = severities

	var err error
	if p.engine, err = assess.Policy(p.document); err != nil {
		return nil, fmt.Errorf("policy version %d: %w", row.Version, err)
	}
	p.engine.Calendar = d.calendar
	d.policies.Store(row.Version, p)
	return p, nil
}

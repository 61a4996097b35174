package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Keys of private state.
const (
	// privateIdentity holds an identity.
	privateIdentity = "identity"
	// privateReplaces is written by every planning call for what is in state, so by the first of the two calls of a
	// replacement too, and read by the second, which sees no state: the id of the object that is replaced.
	privateReplaces = "replaces"
)

// identity is what private state keeps of an object: which one it is, of which broker and account, and the revision that
// the last read saw.
type identity struct {
	UID      string `json:"uid"`
	Account  string `json:"account"`
	BrokerID string `json:"broker_id"`
	Etag     string `json:"etag"`
	Version  string `json:"version"`
}

// resourceIdentity is what Terraform 1.12 and later keep of a resource beside its state, and what an import block may give
// instead of an id. Names are unique in an account only, so that the account belongs to it.
type resourceIdentity struct {
	Account types.String `tfsdk:"account"`
	ID      types.String `tfsdk:"id"`
}

func identitySchema(noun string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account": identityschema.StringAttribute{
			OptionalForImport: true,
			Description: fmt.Sprintf("The account that the %s belongs to. An import that gives it finds nothing of another account's; "+
				"left out, it is the provider's.", noun),
		},
		"id": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       fmt.Sprintf("The full name of the %s in its account, which is its `id`.", noun),
		},
	}}
}

// tell puts into a resource's identity which object it is. No account is one that is not known yet, as in an import.
func (i identity) tell(ctx context.Context, id string, told *tfsdk.ResourceIdentity) diag.Diagnostics {
	account := types.StringNull()
	if i.Account != "" {
		account = types.StringValue(i.Account)
	}
	return told.Set(ctx, resourceIdentity{Account: account, ID: types.StringValue(id)})
}

// knownOf is what is known of an object that is read: by private state, or, of one that is imported, by what was asked for.
func knownOf(ctx context.Context, private keyReader, asked *tfsdk.ResourceIdentity) (identity, diag.Diagnostics) {
	known, diags := loadKey[identity](ctx, private, privateIdentity)
	if diags.HasError() || known.UID != "" || asked.Raw.IsNull() {
		return known, diags
	}
	var given resourceIdentity
	diags.Append(asked.Get(ctx, &given)...)
	known.Account = given.Account.ValueString()
	return known, diags
}

// keeper is private state, as requests and responses of the framework have it.
type keeper interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

type keyReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// save writes the identity into private state.
func (i identity) save(ctx context.Context, private keeper) diag.Diagnostics {
	return saveKey(ctx, private, privateIdentity, i)
}

func saveKey(ctx context.Context, private keeper, key string, value any) diag.Diagnostics {
	text, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{providerFault("saving private state", err)}
	}
	return private.SetKey(ctx, key, text)
}

// loadKey reads a key of private state; it is the zero value where there is none, as after an import.
func loadKey[T any](ctx context.Context, private keyReader, key string) (T, diag.Diagnostics) {
	var value T
	text, diags := private.GetKey(ctx, key)
	if diags.HasError() || len(text) == 0 {
		return value, diags
	}
	if err := json.Unmarshal(text, &value); err != nil {
		diags.Append(providerFault("reading private state", err))
	}
	return value, diags
}

// order is what every object of the broker's has, whatever it is.
type order struct {
	identity
	// name is the full one.
	name            string
	state           hscn.State
	reason          string
	stateSince      api.Instant
	enablementDueAt *api.Instant
	findings        []api.Finding
	// pending says that a change of it waits for somebody.
	pending bool
	// holds says that it has its name, so that no other can.
	holds                bool
	createdBy, updatedBy string
	createdAt, updatedAt time.Time
}

// kind is how objects of one kind are asked for.
type kind[T any] struct {
	// noun is what a sentence calls one, resourceType what a configuration does.
	noun, resourceType string
	// types are those of the resource's attributes. They are asked of its schema once, since every read needs them.
	types func() map[string]attr.Type
	// get reads the live object of a full name, list all of the account's, across parents.
	get  func(ctx context.Context, c *client.Client, id string) (T, error)
	list func(ctx context.Context, c *client.Client) ([]T, error)
	// await is get, answered once the object does not go on by itself any more, and otherwise after that time; nil where
	// nothing is waited for. parent reads what the object hangs on as long as it waits for that; nil where it never does.
	await  func(ctx context.Context, c *client.Client, id string, within time.Duration) (T, error)
	parent func(ctx context.Context, c *client.Client, id string) (order, error)
	// member takes the object out of one that was found by its uid, or nil where it is of another kind.
	member func(api.StoredObject) *T
	// order returns what it has in common with every other.
	order func(T) order
	// judged returns what the rules see of it: what its owner declared, a change that waits for a person included, with
	// what rules compare beside that, and how far it is.
	judged func(T) (rules.Declared, rules.Standing, error)
}

// found is what became of an object: it is the live one, or one that was refused and is only found by its uid; or it is
// gone.
type found[T any] struct {
	object T
	gone   bool
}

// find reads an object that state knows. Only the broker's own word, that of the broker and the account that made the
// object, makes it gone; whatever else answers is an error that says what differs, so that state is kept.
func (k kind[T]) find(ctx context.Context, s *session, c *client.Client, id string, known identity) (found[T], diag.Diagnostics) {
	var diags diag.Diagnostics
	op := operation{doing: "reading " + k.noun, endpoint: s.endpoint}
	object, err := k.get(ctx, c, id)
	switch {
	case err != nil && !client.IsObjectGone(err):
		return found[T]{}, op.failed(ctx, err)
	case known.UID == "":
		return k.imported(id, known.Account, object, err)
	case err == nil && k.order(object).UID == known.UID:
		diags.Append(s.sameBroker(k.order(object), known)...)
		return found[T]{object: object}, diags
	}

	object, err = k.byUID(ctx, c, known.UID)
	if client.IsObjectGone(err) {
		diags.Append(k.goneFor(err, "reading", id, known)...)
		return found[T]{gone: true}, diags
	}
	if err != nil {
		return found[T]{}, op.failed(ctx, err)
	}
	switch o := k.order(object); o.state {
	case hscn.StateRefused:
		diags.Append(s.sameBroker(o, known)...)
		return found[T]{object: object}, diags
	case hscn.StateCeasing, hscn.StateCeased:
		diags.Append(s.sameBroker(o, known)...)
		return found[T]{gone: true}, diags
	default:
		diags.AddError("Error reading "+k.noun, fmt.Sprintf("The broker contradicts itself: by its uid, %s, %s is %s, and by its name it is not there. "+
			"State is kept as it is. It may have changed in between: plan again. If it stays, tell your cloud service provider.", known.UID, id, o.state))
		return found[T]{}, diags
	}
}

// imported is what an import found. Nothing is known of it that could be gone, but for the account where the import gave one.
func (k kind[T]) imported(id, account string, object T, err error) (found[T], diag.Diagnostics) {
	var diags diag.Diagnostics
	asked := k.order(object).Account
	if problem, ok := client.AsProblem(err); ok {
		asked = given(problem.Account)
	}
	switch {
	case account != "" && asked != "" && asked != account:
		diags.AddError("Error importing "+k.noun, fmt.Sprintf("The identity says account %s, and the provider asks for the account %s. "+
			"Check account (HSCN_ACCOUNT) and token (HSCN_TOKEN), or give the other account in the identity.%s", account, asked, referenceOf(err)))
	case err != nil:
		whose := "this account"
		if asked != "" {
			whose = "the account " + asked
		}
		diags.AddError("Error importing "+k.noun, fmt.Sprintf("There is no %s for %s, or no longer. Check the id, the provider's account and its endpoint.%s",
			id, whose, referenceOf(err)))
	}
	return found[T]{object: object}, diags
}

// byUID reads an object that its name may no longer find.
func (k kind[T]) byUID(ctx context.Context, c *client.Client, uid string) (T, error) {
	var none T
	stored, err := c.Object(ctx, uid)
	if err != nil {
		return none, err
	}
	member := k.member(stored)
	if member == nil {
		return none, fmt.Errorf("the broker has a %s under the uid %s, not a %s", stored.Kind, uid, k.noun)
	}
	return *member, nil
}

// goneFor says what differs where somebody else than the object's own broker and account says that it is gone.
func (k kind[T]) goneFor(err error, doing, id string, known identity) diag.Diagnostics {
	var diags diag.Diagnostics
	problem, ok := client.AsProblem(err)
	if !ok {
		return diags
	}
	var differs string
	switch {
	case known.BrokerID == "":
		differs = "Which broker and account made it is not known here, so that nobody's word counts: Terraform hands that on of nothing that is tainted. " +
			"Plan again with a refresh, which finds out."
	case problem.BrokerID != known.BrokerID:
		differs = fmt.Sprintf("Another broker than the one that made it says so: this one is %s, it was made by %s. "+
			"Check endpoint (HSCN_ENDPOINT). If your cloud service provider put its broker back from a copy, or set it up anew, ask there what became of "+
			"your orders; one that is lost for good is taken out of state with terraform state rm.",
			problem.BrokerID, known.BrokerID)
	case given(problem.Account) == "":
		differs = fmt.Sprintf("It belongs to the account %s, and the answer does not say for which account it is. "+
			"If it stays, tell your cloud service provider.", known.Account)
	case given(problem.Account) != known.Account:
		differs = fmt.Sprintf("It belongs to the account %s, and this was asked for the account %s. Check account (HSCN_ACCOUNT) and token (HSCN_TOKEN).",
			known.Account, given(problem.Account))
	default:
		return diags
	}
	diags.AddError("Error "+doing+" "+k.noun, fmt.Sprintf("%s is not to be found, but it is kept in state. %s%s", id, differs, reference(problem)))
	return diags
}

// sameBroker warns, once for a run, where the very object is found at another broker than the one that made it: a database
// that was put back, which the operator gives a new id. Another account never shows it.
func (s *session) sameBroker(now order, known identity) diag.Diagnostics {
	var diags diag.Diagnostics
	if known.BrokerID == "" || now.BrokerID == known.BrokerID {
		return diags
	}
	s.renewedOnce.Do(func() {
		diags.AddWarning("The broker has a new identity", fmt.Sprintf("%s was made by the broker %s and is now found, with the same uid, at the broker %s. "+
			"That is what it looks like when a broker's database was put back from a copy. What else is found like that is not told again. "+
			"If you do not know of it, ask your cloud service provider.", now.name, known.BrokerID, now.BrokerID))
	})
	return diags
}

// referenceOf is what finds the request of an error in the broker's log.
func referenceOf(err error) string {
	if problem, ok := client.AsProblem(err); ok {
		return reference(problem)
	}
	return ""
}

package orders

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func ptr[T any](v T) *T { return &v }

// task is the work of an order about an edge attachment, or about its connection, in a state.
func task(kind string, state hscn.State, edge bool) work {
	w := work{
		order: api.Order{ID: 12, Kind: kind, State: string(state), Open: true, Account: "676"},
		connection: api.Connection{
			Name: "connections/records", Account: "676", OdsCode: "A1B2C", Zone: "2E", State: string(state),
			Service: api.ServiceReference{Type: "cloud_project", ID: "project-1"},
			Access:  api.SharedLink, Purpose: api.ProofOfConcept,
			Agreement: api.Agreement{Basis: api.AgreementBasisConnectionAgreement},
			Profile: api.Profile{
				BusinessSponsor: api.BusinessSponsor{Name: "Sam Sponsor"}, SecurityLead: api.SecurityLead{Name: "Sol Lead"},
			},
		},
		zone: api.Zone{Region: "north", DataCentres: []string{"dc-1", "dc-2"}, ExternalNetworkID: ptr("net-7")},
		policy: api.Policy{
			Csp:        api.CSP{Title: "Example Cloud", Contact: api.Contact{Title: "Example Cloud service desk"}},
			NhsContact: api.Contact{Title: "NHS England", URL: ptr("https://digital.nhs.uk/hscn")},
			Agreements: api.AgreementPolicy{FlowDownDocuments: []api.FlowDownRequirement{{Kind: "msa", Title: "Master Services Agreement", MinimumVersion: "11.0"}}},
		},
	}
	if edge {
		w.edge = &api.EdgeAttachment{
			Name: "connections/records/edge-attachments/web", IncludedAddress: "192.0.2.1", AttachedGatewayID: ptr("gateway-1"),
			Fulfilment: api.FulfilmentCsp,
		}
		w.connection.State = string(hscn.StateActive)
	}
	return w
}

func TestSteps(t *testing.T) {
	t.Parallel()
	const place = "In the zone 2E (region north, data centres dc-1, dc-2), "
	confirm := []string{
		"Confirm it: hscn-broker orders done 12.",
		`If it cannot be done: hscn-broker orders fail 12 --reason "...", or for good: hscn-broker orders refuse 12 --reason "...".`,
	}
	connect := []string{
		place + "make the external network net-7 available to the service project-1 (cloud_project) of the account 676.",
		"Leave everything at drop-all: nothing passes until an edge attachment is active and its allow-lists are.",
	}
	attach := []string{
		place + "join the gateway gateway-1 of the service project-1 (cloud_project) to the external network net-7.",
		"Give the gateway the address 192.0.2.1 on that network.",
		"Set the gateway's rules for that network to drop-all, in and out: nothing passes until an allow-list says so.",
	}
	cases := map[string]struct {
		work   work
		change func(*work)
		want   []string
	}{
		"a connection to fulfil": {work: task("provide", hscn.StateAwaitingFulfilment, false), want: slices.Concat(connect, confirm)},
		"a connection over circuits": {
			work: task("provide", hscn.StateAwaitingFulfilment, false),
			change: func(w *work) {
				w.connection.Access = api.DedicatedCircuit
				w.connection.Circuits = map[string]api.Circuit{"b-line": {Reference: ptr("C-2")}, "a-line": {}}
			},
			want: slices.Concat(connect[:1], []string{"Join it to the customer's circuits a-line, b-line (C-2), not to the shared link."}, connect[1:], confirm),
		},
		"a connection that failed": {
			work: task("provide", hscn.StateFailed, false), change: func(w *work) { w.order.Note = ptr("no port") },
			want: slices.Concat([]string{"Put right what failed: no port"}, connect, confirm[:1],
				[]string{`If it can never be done: hscn-broker orders refuse 12 --reason "...".`}),
		},
		"an edge to fulfil": {work: task("provide", hscn.StateAwaitingFulfilment, true), want: slices.Concat(attach, confirm)},
		"an edge beside other networks, of a customer who fulfils": {
			work: task("provide", hscn.StateAwaitingFulfilment, true),
			change: func(w *work) {
				w.edge.Fulfilment = api.FulfilmentCustomer
				w.gatewayTitle, w.gatewayNetworks = "Edge one", []string{"internet", "psn"}
			},
			want: slices.Concat([]string{
				place + "join the gateway gateway-1 (Edge one) of the service project-1 (cloud_project) to the external network net-7.",
				attach[1],
				"Keep HSCN apart from what the gateway carries already (internet, psn): no route and no rule leads from one to the other.",
				attach[2],
				"Leave all further rules of the gateway alone: the customer writes them.",
			}, confirm),
		},
		"an edge whose gateway is to be built": {
			work:   task("provide", hscn.StateAwaitingFulfilment, true),
			change: func(w *work) { w.edge.VdcID, w.edge.AttachedGatewayID = ptr("vdc-1"), nil },
			want: []string{
				place + "build an edge gateway in the VDC vdc-1 of the service project-1 (cloud_project).",
				place + "join that gateway of the service project-1 (cloud_project) to the external network net-7.",
				attach[1], attach[2],
				"Confirm it: hscn-broker orders done 12 --gateway-id ID, with the id of the gateway that was built.", confirm[1],
			},
		},
		"an edge that was built, to remove": {
			work: task("remove", hscn.StateCeasing, true), change: func(w *work) { w.edge.VdcID = ptr("vdc-1") },
			want: []string{
				place + "set the rules of the gateway gateway-1 for the external network net-7 to drop-all, in and out.",
				"Take the address 192.0.2.1 off the gateway and the gateway off the external network net-7.",
				"Confirm that it is removed: hscn-broker orders done 12.",
			},
		},
		"an edge to remove whose gateway has another": {
			work: task("remove", hscn.StateCeasing, true), change: func(w *work) {
				w.heir = &store.EdgeAttachment{Standing: store.Standing{Name: "api"}, ConnectionName: "records", IncludedAddress: "192.0.2.9"}
			},
			want: []string{
				place + "leave the rules of the gateway gateway-1 for the external network net-7 as they are: " +
					"connections/records/edge-attachments/api has the gateway by now.",
				"Take the address 192.0.2.1 off the gateway.",
				"Confirm that it is removed: hscn-broker orders done 12.",
			},
		},
		"an edge to remove that was made anew": {
			work: task("remove", hscn.StateCeasing, true), change: func(w *work) {
				w.heir = &store.EdgeAttachment{Standing: store.Standing{Name: "web"}, ConnectionName: "records", IncludedAddress: "192.0.2.1"}
			},
			want: []string{
				place + "leave the rules of the gateway gateway-1 for the external network net-7 as they are: " +
					"connections/records/edge-attachments/web has the gateway by now.",
				"Confirm that it is removed: hscn-broker orders done 12.",
			},
		},
		"an edge of a connection that is restricted": {
			work:   task("provide", hscn.StatePendingConnection, true),
			change: func(w *work) { w.connection.State, w.connection.UID = "restricted", "uid-1" },
			want: []string{"Do nothing while connections/records is restricted: this goes on where it was when the restriction is lifted " +
				"(hscn-broker connections lift uid-1)."},
		},
		"an answer of the Authority's": {
			work: task("provide", hscn.StateAwaitingAuthority, false),
			change: func(w *work) {
				w.order.Findings = []api.Finding{{Rule: "location.nhs-outside-england", Detail: "It is in Wales."}}
			},
			want: []string{
				"Ask the HSCN Authority (NHS England: https://digital.nhs.uk/hscn) whether the organisation A1B2C may have this connection, for proof of concept. It is in Wales.",
				`Record its answer, with its reference: hscn-broker orders authority 12 --granted --authority-reference "...". Or, where it does not grant it: hscn-broker orders authority 12 --refused --authority-reference "..." --reason "...".`,
				`To turn it down without asking: hscn-broker orders refuse 12 --reason "...".`,
			},
		},
		"an edge that waits": {
			work: task("provide", hscn.StatePendingConnection, true), change: func(w *work) { w.connection.State = "failed" },
			want: []string{"Do nothing yet: connections/records is failed, and this goes on by itself when it is active."},
		},
		"a change of a connection to fulfil": {
			work: task("change", hscn.StateAwaitingFulfilment, false),
			change: func(w *work) {
				w.differences = []string{"See what changes: access is shared_link and is to be dedicated_circuit."}
				w.connection.State, w.connection.Access = "active", api.DedicatedCircuit
				w.connection.Circuits = map[string]api.Circuit{"line": {}}
			},
			want: slices.Concat([]string{
				"See what changes: access is shared_link and is to be dedicated_circuit.",
				place + "join what the service project-1 (cloud_project) of the account 676 has of the external network net-7 to " +
					"the customer's circuit line, not to the shared link or to any other circuit.",
			}, confirm),
		},
		"a change back to the shared link": {
			work: task("change", hscn.StateFailed, false),
			change: func(w *work) {
				w.connection.State, w.order.Note = "active", ptr("no port")
			},
			want: []string{
				"Put right what failed: no port",
				place + "join what the service project-1 (cloud_project) of the account 676 has of the external network net-7 to " +
					"the shared link, and take it off the circuits that it had.",
				confirm[0], `If it can never be done: hscn-broker orders refuse 12 --reason "...".`,
			},
		},
		"a change of an edge that the provider is to fulfil": {
			work: task("change", hscn.StateAwaitingFulfilment, true), change: func(w *work) { w.edge.State = "active" },
			want: slices.Concat([]string{
				place + "on the gateway gateway-1: Take the gateway's rules for HSCN over from the customer: from then on nobody but you writes them.",
			}, confirm),
		},
		"a change of what is restricted": {
			work: task("change", hscn.StatePendingApproval, false),
			change: func(w *work) {
				w.connection.State, w.connection.UID, w.order.Object = "restricted", "uid-1", "connections/records"
			},
			want: []string{"Do nothing while connections/records is restricted: the change goes on where it was when the restriction is lifted " +
				`(hscn-broker connections lift uid-1). To turn it down without that: hscn-broker orders refuse 12 --reason "...".`},
		},
		"what the broker passes on": {
			work: task("provide", hscn.StateProvisioning, false),
			want: []string{"Do nothing: the broker asks for it by itself in a moment."},
		},
		"what is not wanted yet": {
			work: task("provide", hscn.StateProvisioning, false),
			change: func(w *work) {
				w.connection.ActivateAt = ptr(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))
			},
			want: []string{"Do nothing before Wednesday 1 July 2026, 09:00 BST: its owner does not want it earlier. The broker then asks for it by itself."},
		},
		"an approval": {
			work: task("provide", hscn.StatePendingApproval, false),
			change: func(w *work) {
				w.policy.SecondPerson = true
				w.order.Findings = []api.Finding{{Rule: "dspt.ends-early", Detail: "It closes soon."}}
			},
			want: []string{
				"Check that the organisation A1B2C, for which the account 676 orders, rests on an HSCN Connection Agreement of its own.",
				"Check that the service project-1 (cloud_project) in the zone 2E is to be joined to HSCN over the shared link, for proof of concept.",
				"Check that the profile names people who answer for it: sponsor Sam Sponsor, security lead Sol Lead.",
				"Weigh the warning dspt.ends-early: It closes soon.",
				"Be another person than the one who recorded the look-up of the agreement.",
				`Approve it: hscn-broker orders approve 12. Or turn it down: hscn-broker orders refuse 12 --reason "...".`,
			},
		},
		"a connection to remove": {
			work: task("remove", hscn.StateCeasing, false),
			want: []string{
				place + "take the external network net-7 away from the service project-1 (cloud_project) of the account 676, unless another of its connections uses it.",
				"Confirm that it is removed: hscn-broker orders done 12.",
			},
		},
		"an edge to remove, in a zone without an id for its network": {
			work: task("remove", hscn.StateCeasing, true), change: func(w *work) { w.zone = api.Zone{Region: "north", DataCentres: []string{"dc-1"}} },
			want: []string{
				"In the zone 2E (region north, data centre dc-1), set the rules of the gateway gateway-1 for the HSCN network of the zone to drop-all, in and out.",
				"Take the address 192.0.2.1 off the gateway and the gateway off the HSCN network of the zone.",
				"Confirm that it is removed: hscn-broker orders done 12.",
			},
		},
		"what is closed": {work: task("provide", hscn.StateActive, false), change: func(w *work) { w.order.Open = false }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.change != nil {
				c.change(&c.work)
			}
			if got := steps(c.work); !slices.Equal(got, c.want) {
				t.Errorf("steps are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestStepsOfLookUps(t *testing.T) {
	t.Parallel()
	w := task("provide", hscn.StatePendingEvidence, false)
	for _, rule := range []string{"organisation.not-bound", "organisation.not-checked", "agreement.not-checked", "dspt.not-checked", "dspt.ends-early"} {
		w.order.Findings = append(w.order.Findings, api.Finding{Rule: rule, Severity: api.Warning, Detail: "What " + rule + " means."})
	}
	findings := w.order.Findings
	for basis, where := range map[api.AgreementBasis]string{
		api.AgreementBasisConnectionAgreement: "hscn-broker agreements record-register A1B2C",
		api.AgreementBasisFlowDown: "Master Services Agreement (msa) of version 11.0 or later, and record them, also that there are none: " +
			"hscn-broker agreements record-flow-down A1B2C",
	} {
		w.connection.Agreement.Basis, w.order.Findings = basis, findings
		wanted := []string{
			`hscn-broker accounts bind 676 A1B2C --reference "..."`, "hscn-broker organisations record A1B2C", where,
			"What dspt.not-checked means. Look that organisation up in the DSPT's register", "hscn-broker load FILE", "hscn-broker orders refuse 12",
		}
		if basis == api.AgreementBasisFlowDown {
			// Before the account may act for it, nothing says whether the contracts were looked through.
			if text := strings.Join(steps(w), "\n"); strings.Contains(text, "record-flow-down") || !strings.Contains(text, "accounts bind") {
				t.Errorf("%s: steps before the binding are\n%s", basis, text)
			}
			w.order.Findings, wanted = w.order.Findings[1:], wanted[1:]
		}
		got := steps(w)
		if len(got) != len(wanted) {
			t.Fatalf("%s: %d steps: %q", basis, len(got), got)
		}
		for i, words := range wanted {
			if !strings.Contains(got[i], words) {
				t.Errorf("%s: step %d is %q and does not say %q", basis, i, got[i], words)
			}
		}
	}
	w.order.Findings, w.connection.Agreement.Basis = findings, api.AgreementBasisConnectionAgreement
	w.connection.Agreement.EvidenceID = ptr("agreement-evidence/signed")
	if got := steps(w); len(got) != 7 || !strings.Contains(got[3], `hscn-broker evidence validate 676/signed --saw "..."`) {
		t.Errorf("of a connection that names a signed copy the steps are %q", got)
	}
	w.connection.Profile.SharedWith = map[string]api.SharedOrganisation{"X26": {}}
	if got := steps(w); !strings.Contains(got[2], "record-register CODE") {
		t.Errorf("where the agreement may be another organisation's the step is %q", got[2])
	}
	w.order.Findings = []api.Finding{{Rule: "organisation.not-bound", Severity: api.Warning, Waiver: ptr("until 31 December 2026")}}
	w.order.StateReason = ptr("Something else is missing.")
	if got := steps(w); !strings.Contains(got[0], "Something else is missing.") {
		t.Errorf("without a finding that the operator can act on, the first step is %q", got[0])
	}
}

func TestStepsOfAGatewayThatNobodyKnows(t *testing.T) {
	t.Parallel()
	w := task("provide", hscn.StatePendingVerification, true)
	w.edge.GatewayID, w.edge.AttachedGatewayID = ptr("gateway-1"), nil
	w.order.Findings = []api.Finding{{Rule: "edge.gateway-unknown"}}
	for name, c := range map[string]struct {
		recorded *store.Gateway
		words    string
	}{
		"nowhere":      {nil, "Look for the gateway gateway-1 among those of the service project-1 (cloud_project) of the account 676 in the zone 2E"},
		"what to load": {nil, `gateways: [{ id: "gateway-1", service: { type: "cloud_project", id: "project-1" }, networks: [] }]`},
		"elsewhere": {
			&store.Gateway{ID: "gateway-1", ServiceType: "cloud_project", ServiceID: "theirs", Account: "90"},
			"has the gateway gateway-1 under the service theirs (cloud_project) of the account 90;",
		},
		"retired": {
			&store.Gateway{ID: "gateway-1", ServiceType: "cloud_project", ServiceID: "project-1", Account: "676", Retired: true},
			"under the service project-1 (cloud_project) of the account 676, as retired;",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := w
			w.recorded = c.recorded
			if got := steps(w); len(got) != 3 || !strings.Contains(got[0], c.words) || !strings.Contains(got[0], "hscn-broker load FILE") {
				t.Errorf("steps are %q, want %q", got, c.words)
			}
		})
	}
}

// Whatever state an open order is in, there is something to tell the operator.
func TestStepsOfEveryState(t *testing.T) {
	t.Parallel()
	for _, edge := range []bool{false, true} {
		states := hscn.ConnectionStates()
		if edge {
			states = hscn.EdgeAttachmentStates()
		}
		for _, state := range states {
			for _, kind := range []string{"provide", "change"} {
				if got := steps(task(kind, state, edge)); len(got) == 0 {
					t.Errorf("no steps of a %s in %s", kind, state)
				}
			}
		}
	}
}

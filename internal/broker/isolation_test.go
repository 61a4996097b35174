package broker_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

// target is what an operation is tried on: something of another account's, or something that is not there at all.
type target struct {
	connection, edge       string // names
	connectionUID, edgeUID string
	etag                   string
	service, gateway       string
	organisation           string
	evidence, evidenceUID  string
	document               string // its sum
}

// absent is what is not there. Its words are as long as those that they stand for, so that answers are alike to the byte.
var absent = target{
	connection: "absentee", edge: "non", connectionUID: "00000000-0000-4000-8000-000000000001",
	edgeUID: "00000000-0000-4000-8000-000000000002", etag: "0000000000000000", service: "none-one", gateway: "gw-0", organisation: "Z0Z0Z",
	evidence: "no-copy", evidenceUID: "00000000-0000-4000-8000-000000000003", document: strings.Repeat("0", 64),
}

// evidenceSpec is what Bolt would declare of a document.
func evidenceSpec(document string) api.AgreementEvidenceSpec {
	return api.AgreementEvidenceSpec{OdsCode: "B9C8D", DocumentSha256: document, SignedOn: "2026-10-02"}
}

// A row says how to try one operation of the contract on a target, as a customer who has nothing to do with it.
type row func(c brokertest.Client, at target) brokertest.Answer

// isolation has a row for every operation of the contract that is a customer's: TestTenantIsolation fails without one.
var isolation = map[string][]row{
	"getPolicy": {func(c brokertest.Client, _ target) brokertest.Answer { return c.Do("GET", "/v1/policy", nil) }},
	"getComplianceFacts": {
		func(c brokertest.Client, _ target) brokertest.Answer { return c.Do("GET", "/v1/compliance-facts", nil) },
	},
	// What registers show of another's organisation is no secret: TestOrganisationsOfAnotherAccount has what is.
	"listOrganisations": {
		func(c brokertest.Client, _ target) brokertest.Answer {
			return c.Do("GET", "/v1/organisations?ods_code=B9C8D", nil)
		},
		func(c brokertest.Client, _ target) brokertest.Answer {
			return c.Do("GET", "/v1/organisations?title=harbour", nil)
		},
	},
	"listServices": {
		func(c brokertest.Client, _ target) brokertest.Answer { return c.Do("GET", "/v1/services", nil) },
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/services?type=cloud_project&id="+at.service, nil)
		},
	},
	"listGateways": {
		func(c brokertest.Client, _ target) brokertest.Answer { return c.Do("GET", "/v1/gateways", nil) },
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/gateways?id="+at.gateway, nil)
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/gateways?service_type=cloud_project&service_id="+at.service, nil)
		},
	},
	"checkPreconditions": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("POST", "/v1/preconditions", brokertest.Estate("taken", brokertest.Connection(at.service, "B9C8D"), at.gateway))
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("POST", "/v1/preconditions", brokertest.Estate(at.connection, brokertest.Connection("bolt-one", "B9C8D"), "gw-9"))
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("POST", "/v1/preconditions", brokertest.Estate("own", brokertest.Connection("bolt-one", "B9C8D"), at.gateway))
		},
	},
	"listConnections": {func(c brokertest.Client, _ target) brokertest.Answer { return c.Do("GET", "/v1/connections", nil) }},
	"getConnection": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/connections/"+at.connection, nil)
		},
	},
	"createConnection": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Create("/v1/connections/taken", brokertest.Connection(at.service, "B9C8D"))
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			spec := brokertest.Connection("bolt-one", "B9C8D")
			evidence := "agreement-evidence/" + at.evidence
			spec.Agreement = api.Agreement{Basis: api.AgreementBasisConnectionAgreement, EvidenceID: &evidence}
			return c.Create("/v1/connections/taken", spec)
		},
	},
	"updateConnection": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("PATCH", "/v1/connections/"+at.connection, map[string]any{"purchase_order": "PO-1"}, "If-Match", `"`+at.etag+`"`)
		},
	},
	"deleteConnection": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("DELETE", "/v1/connections/"+at.connection+"?uid="+at.connectionUID, nil)
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("DELETE", "/v1/connections/own?uid="+at.connectionUID, nil)
		},
	},
	"listEdgeAttachments": {
		func(c brokertest.Client, _ target) brokertest.Answer {
			return c.Do("GET", "/v1/connections/-/edge-attachments", nil)
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/connections/"+at.connection+"/edge-attachments", nil)
		},
	},
	"getEdgeAttachment": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/connections/"+at.connection+"/edge-attachments/"+at.edge, nil)
		},
	},
	"createEdgeAttachment": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Create("/v1/connections/"+at.connection+"/edge-attachments/new", brokertest.Edge("gw-9"))
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Create("/v1/connections/"+at.connection+"/edge-attachments/new?parent_uid="+at.connectionUID, brokertest.Edge("gw-9"))
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Create("/v1/connections/own/edge-attachments/new?parent_uid="+at.connectionUID, brokertest.Edge("gw-9"))
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Create("/v1/connections/own/edge-attachments/new", brokertest.Edge(at.gateway))
		},
	},
	"updateEdgeAttachment": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("PATCH", "/v1/connections/"+at.connection+"/edge-attachments/"+at.edge,
				map[string]any{"bridging_controls": "none"}, "If-Match", `"`+at.etag+`"`)
		},
	},
	"deleteEdgeAttachment": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("DELETE", "/v1/connections/"+at.connection+"/edge-attachments/"+at.edge+"?uid="+at.edgeUID, nil)
		},
	},
	"uploadDocument": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("PUT", "/v1/documents/"+at.document, brokertest.Raw{Type: "application/pdf", Reader: bytes.NewReader(brokertest.PDF("another"))})
		},
	},
	"listAgreementEvidence": {
		func(c brokertest.Client, _ target) brokertest.Answer {
			return c.Do("GET", "/v1/agreement-evidence", nil)
		},
	},
	"getAgreementEvidence": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/agreement-evidence/"+at.evidence, nil)
		},
	},
	"createAgreementEvidence": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Create("/v1/agreement-evidence/taken", evidenceSpec(at.document))
		},
	},
	"updateAgreementEvidence": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("PATCH", "/v1/agreement-evidence/"+at.evidence, map[string]any{"signed_on": "2026-10-03"}, "If-Match", `"`+at.etag+`"`)
		},
	},
	"deleteAgreementEvidence": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("DELETE", "/v1/agreement-evidence/"+at.evidence+"?uid="+at.evidenceUID, nil)
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("DELETE", "/v1/agreement-evidence/own?uid="+at.evidenceUID, nil)
		},
	},
	"getObject": {
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/objects/"+at.evidenceUID, nil)
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/objects/"+at.connectionUID, nil)
		},
		func(c brokertest.Client, at target) brokertest.Answer {
			return c.Do("GET", "/v1/objects/"+at.edgeUID, nil)
		},
	},
}

// seeAll are the operations that every customer may see the same of.
var seeAll = []string{"getPolicy"}

func TestTenantIsolation(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	b.Load(b.Operator("operator"))
	acme, bolt := b.Customer(brokertest.Acme), b.Customer(brokertest.Bolt)

	records := brokertest.Into[api.Connection](acme.Create("/v1/connections/recordsx", brokertest.Connection("acme-one", "A1B2C")).Must(202))
	web := brokertest.Into[api.EdgeAttachment](acme.Create("/v1/connections/recordsx/edge-attachments/web", brokertest.Edge("gw-1")).Must(202))
	bolt.Create("/v1/connections/own", brokertest.Connection("bolt-one", "B9C8D")).Must(202)
	document := acme.Upload(brokertest.PDF("of Acme's"))
	evidence := brokertest.Into[api.AgreementEvidence](acme.Create("/v1/agreement-evidence/ca-2026",
		api.AgreementEvidenceSpec{OdsCode: "A1B2C", DocumentSha256: document, SignedOn: "2026-10-02"}).Must(202))
	bolt.Create("/v1/agreement-evidence/own", evidenceSpec(bolt.Upload(brokertest.PDF("of Bolt's")))).Must(202)
	theirs := target{
		evidence: "ca-2026", evidenceUID: evidence.UID, document: document,
		connection: "recordsx", edge: "web", connectionUID: records.UID, edgeUID: web.UID, etag: records.Etag,
		service: "acme-one", gateway: "gw-1", organisation: "A1B2C",
	}
	// What must not be in any answer to Bolt: names and ids of Acme's that Bolt has not said itself.
	secrets := []string{"Acme", "A1B2C", "Meadow", web.IncludedAddress, records.Etag, `"` + brokertest.Acme + `"`, "customer-676", "acme-two", "gw-2"}

	doc, err := schema.Document()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			id := operation.OperationID
			if slices.Contains(operation.Tags, "operator") {
				tried++
				for name, customer := range map[string]brokertest.Client{"acme": acme, "bolt": bolt} {
					concrete := strings.NewReplacer("{order}", "1", "{token}", "x").Replace(path)
					answer := customer.Do(method, "/v1"+concrete, map[string]any{"note": "x"})
					if answer.Status != http.StatusNotFound || answer.Problem.Type != problem.Prefix+string(problem.NoSuchOperation) {
						t.Errorf("%s as %s: %d %s, want 404 no-such-operation", id, name, answer.Status, answer.Body)
					}
				}
				continue
			}
			rows, found := isolation[id]
			if !found {
				t.Errorf("%s %s: the contract has a customer's operation %s that isolation has no row for", method, path, id)
				continue
			}
			for i, try := range rows {
				tried++
				before := objects(acme)
				foreign, nothing := try(bolt, theirs), try(bolt, absent)
				if got, want := alike(foreign, theirs), alike(nothing, absent); got != want {
					t.Errorf("%s, row %d: another account's is told from what is not there:\n%s\n%s", id, i+1, got, want)
				}
				for _, secret := range secrets {
					if !slices.Contains(seeAll, id) && strings.Contains(string(foreign.Body), secret) {
						t.Errorf("%s, row %d: the answer shows %q: %s", id, i+1, secret, foreign.Body)
					}
				}
				if after := objects(acme); after != before {
					t.Errorf("%s, row %d: another account's objects were changed:\n%s\n%s", id, i+1, before, after)
				}
			}
		}
	}
	if want := len(isolation); tried < want {
		t.Errorf("%d tries, fewer than rows: %d", tried, want)
	}
}

// objects are all of an account's, as it sees them.
func objects(c brokertest.Client) string {
	return string(c.Do("GET", "/v1/connections", nil).Must(200).Body) +
		string(c.Do("GET", "/v1/connections/-/edge-attachments", nil).Must(200).Body) +
		string(c.Do("GET", "/v1/agreement-evidence", nil).Must(200).Body) +
		string(c.Do("GET", "/v1/services", nil).Must(200).Body) + string(c.Do("GET", "/v1/gateways", nil).Must(200).Body)
}

// alike is an answer without what has to differ: the id of the request, and the words of the request itself.
func alike(a brokertest.Answer, at target) string {
	var body map[string]any
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return fmt.Sprintf("%d %s", a.Status, a.Body)
	}
	delete(body, "request_id")
	text, err := json.Marshal(body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(a.Status, " ", strings.NewReplacer(
		at.connectionUID, "<connection uid>", at.edgeUID, "<edge uid>", at.connection, "<connection>", at.service, "<service>",
		at.evidenceUID, "<evidence uid>", at.evidence, "<evidence>", at.document, "<document>",
		at.gateway, "<gateway>", "edge-attachments/"+at.edge, "edge-attachments/<edge>", at.organisation, "<organisation>",
	).Replace(string(text)))
}

// Two facts about organisations are public, the CSP's own contract is not: another account sees of an organisation
// that it is not bound to only what any register shows.
func TestComplianceFactsOfAnotherAccount(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	b.Load(b.Operator("operator"))
	facts := brokertest.Into[api.ComplianceFacts](b.Customer(brokertest.Bolt).Do("GET", "/v1/compliance-facts?ods_code=a1b2c", nil).Must(200))
	if facts.Account != brokertest.Bolt {
		t.Errorf("account is %q", facts.Account)
	}
	codes := map[string]bool{}
	for _, o := range facts.Organisations {
		codes[o.OdsCode] = o.Bound
	}
	if bound, found := codes["A1B2C"]; !found || bound {
		t.Errorf("A1B2C: there %v, bound %v", found, bound)
	}
	if !codes["B9C8D"] {
		t.Error("B9C8D is not bound")
	}
	if _, found := codes["L4P5E"]; found {
		t.Error("an organisation is listed that Bolt neither may act for nor asked for")
	}
}

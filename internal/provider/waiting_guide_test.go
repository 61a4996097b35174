package provider

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// waitingGuide is the guide that people write.
func waitingGuide(t *testing.T) string {
	t.Helper()
	guide, err := os.ReadFile("../../templates/guides/orders-and-waiting.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(guide)
}

// The guide shows every message of a wait as it is printed, and no other: whoever looks one up finds it.
func TestTheGuideHasTheMessagesOfWaits(t *testing.T) {
	t.Parallel()
	var quoted []string
	for _, block := range regexp.MustCompile("(?s)```text\n(.*?)```").FindAllStringSubmatch(waitingGuide(t), -1) {
		quoted = append(quoted, strings.Join(strings.Fields(block[1]), " "))
	}
	var printed []string
	for _, d := range messagesOfWaits(t) {
		severity := "Warning"
		if d.Severity() == diag.SeverityError {
			severity = "Error"
		}
		printed = append(printed, strings.Join(strings.Fields(severity+": "+d.Summary()+" "+d.Detail()), " "))
	}
	slices.Sort(quoted)
	slices.Sort(printed)
	if !slices.Equal(quoted, printed) {
		t.Errorf("the guide has\n  %s\nand the provider says\n  %s", strings.Join(quoted, "\n  "), strings.Join(printed, "\n  "))
	}
}

// messagesOfWaits is what a wait can say, and what is said of refusals after it.
func messagesOfWaits(t *testing.T) diag.Diagnostics {
	t.Helper()
	const refusal = "The signed forms name another organisation"
	due := time.Date(2026, 11, 3, 17, 0, 0, 0, time.UTC)
	at := func(name string, state hscn.State, reason string) order {
		return order{name: name, state: state, stateSince: since, reason: reason}
	}
	provisioning := at("connections/records-prod", hscn.StateProvisioning, "Every precondition is met. The order is on its way to fulfilment.")
	provisioning.enablementDueAt = &due
	op := operation{doing: "waiting for connection", endpoint: "https://broker.example"}
	w := wait{
		noun: "connection", patience: patience{timeout: "timeouts.create", length: createTimeout, next: nextApplyWaits},
		explain: func(ctx context.Context, err error) string { return op.failed(ctx, err)[0].Detail() },
	}
	ranOut, end := context.WithDeadline(t.Context(), time.Time{})
	defer end()
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()

	last := sight{seen: provisioning, progress: provisioning}
	diags := w.ended(ranOut, last, nil)
	diags.Append(w.ended(interrupted, last, nil)...)
	diags.Append(w.unreadable(t.Context(), last, &client.Problem{Problem: api.Problem{
		Type: "urn:hscn:problem:unauthenticated", Status: http.StatusUnauthorized, Title: "No valid credential", Detail: "the token has expired",
		BrokerID: "0a1b2c3d-0000-4000-8000-000000000001", RequestID: "0a1b2c3d-0000-4000-8000-000000000002",
	}})...)
	ceasing := at("connections/records-prod", hscn.StateCeasing, "")
	diags.Append(w.givenUp(sight{seen: ceasing, progress: ceasing})...)
	diags.Append(wait{noun: edgeAttachments.noun}.needsPerson(sight{
		seen:     at("connections/records-prod/edge-attachments/web", hscn.StatePendingConnection, ""),
		progress: at("connections/records-prod", hscn.StatePendingApproval, "Every order is approved by a person."),
	})...)

	changed := at("connections/records-prod", hscn.StateActive, "")
	changed.updatedBy, changed.updatedAt = "sam@supplier.example", since.Add(time.Hour)
	diags.Append(connections.changedInWait(changed))

	refused := &lifecycle[api.Connection, connectionModel, *connectionModel]{kind: connections}
	diags.Append(refused.refusedInWait(at("connections/records-prod", hscn.StateRefused, refusal), "Nothing is kept in state, and its name is free."))
	later := planning{
		id: types.StringValue("connections/records-prod"), priorState: types.StringValue("refused"), priorReason: types.StringValue(refusal),
	}
	diags.Append(later.judge(t.Context(), nil, replaces)...)
	change := planning{
		priorState: types.StringValue("active"), priorPending: types.StringNull(),
		priorReason: types.StringValue("A change of circuits is not made. Refused by the operator of Example Cloud: A circuit of that bandwidth is not to be had at this data centre."),
	}
	diags.Append(change.judge(t.Context(), nil, changes)...)
	diags.Append(refused.notMadeYet(at("connections/records-prod", hscn.StateActive, "A change of circuits is asked for and not made yet. "+
		"Waits for the operator of Example Cloud to make the network do it and to confirm it.")))
	return diags
}

// The guide's table is the provider's own: which states there are, who takes an order further, and what a wait does.
func TestTheGuideHasEveryState(t *testing.T) {
	t.Parallel()
	var want []string
	both := append(hscn.ConnectionStates(), hscn.EdgeAttachmentStates()...)
	for _, state := range both {
		isConnections, isEdges := slices.Contains(hscn.ConnectionStates(), state), slices.Contains(hscn.EdgeAttachmentStates(), state)
		of := "connection, edge"
		switch {
		case !isEdges:
			of = "connection"
		case !isConnections:
			of = "edge"
		}
		does := "ends"
		switch {
		case state == hscn.StateActive:
			does = "is done"
		case state == hscn.StateRefused:
			does = "fails"
		case state == hscn.StatePendingConnection:
			does = "does as for the connection"
		case passes(state):
			does = "waits"
		}
		row := strings.Join(strings.Fields(fmt.Sprintf("| `%s` | %s | %s | %s |", state, of, state.LeftBy(), does)), " ")
		if !slices.Contains(want, row) {
			want = append(want, row)
		}
	}
	var got []string
	for _, line := range strings.Split(waitingGuide(t), "\n") {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the guide has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

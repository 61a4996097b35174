package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// entry is what a write leaves in the audit besides who made it and when.
type entry struct {
	action  string
	account string
	// object and uid are empty where the write is about no single object.
	object, uid string
	// details go into the hash chain for ever, so no name and no e-mail address of a person is in them; free text stands
	// there as its sum.
	details map[string]any
}

// record appends the entry to the audit. It comes last in its transaction: from then on no other can append.
func record(ctx context.Context, tx *store.Tx, w request.Write, now time.Time, e entry) error {
	return tx.AppendAudit(ctx, &store.AuditEntry{
		At: now, Subject: w.Caller.Subject, SubjectKind: w.Caller.Kind,
		Account: e.account, Action: e.action, Object: e.object, ObjectUID: e.uid,
		ChangeReference: w.ChangeReference, RequestID: w.RequestID, Details: e.details,
	})
}

// sumOf is the SHA-256 of a value's JSON, in hex: it proves what was declared without repeating it. A spec holds no
// value that JSON cannot write.
func sumOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		text = fmt.Append(nil, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// ruleIDs are the rules of findings.
func ruleIDs[F any](findings []F, rule func(F) string) []string {
	ids := make([]string, len(findings))
	for i, finding := range findings {
		ids[i] = rule(finding)
	}
	return ids
}

package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func newAudit(a *app) *cobra.Command {
	return a.group("audit", "Who did what, when, on what grounds (calls a broker)", newAuditList(a), newAuditVerify(a))
}

func newAuditList(a *app) *cobra.Command {
	var object string
	list := a.calling(a.command("list", "Lists the audit, oldest first", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		entries, err := everything(func(size *int, token *string) ([]api.AuditEntry, *string, error) {
			params := &api.ListAuditEntriesParams{PageSize: size, PageToken: token}
			if object != "" {
				params.ObjectUID = &object
			}
			page, err := client.Decode[api.AuditEntryPage](broker.ListAuditEntries(ctx, params))
			return page.Items, page.NextPageToken, err
		})
		if err != nil {
			return err
		}
		return a.show(entries, func() {
			rows := make([][]string, len(entries))
			for i, e := range entries {
				rows[i] = []string{
					strconv.FormatInt(e.Sequence, 10), at(&e.At), e.Subject, e.Action,
					orDash(value(e.Account)), orDash(value(e.Object)), orDash(value(e.ChangeReference)),
				}
			}
			a.table([]string{"SEQUENCE", "AT", "SUBJECT", "ACTION", "ACCOUNT", "OBJECT", "CHANGE"}, rows)
		})
	}))
	list.Flags().StringVar(&object, "object", "", "only entries about the object with this uid")
	list.Long = "Lists the audit, oldest first. -o json shows each entry whole: what was decided, and from which evidence."
	return list
}

func newAuditVerify(a *app) *cobra.Command {
	verify := a.calling(a.command("verify", "Checks that the audit is as it was written", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		found, err := client.Decode[api.AuditVerification](broker.VerifyAudit(ctx))
		if err != nil {
			return err
		}
		err = a.show(found, func() {
			if found.Intact {
				fmt.Fprintf(a.stdout, "The audit is intact. Entries: %d. Hash of the newest: %s\n", found.Entries, orDash(value(found.Head)))
			}
		})
		if err == nil && !found.Intact {
			broken := int64(0)
			if found.BrokenAt != nil {
				broken = *found.BrokenAt
			}
			return fmt.Errorf("the audit does not hold from entry %d on: %s; what stands before it holds; "+
				"compare with a backup, and with a hash that was noted earlier", broken, value(found.Reason))
		}
		return err
	}))
	verify.Long = `Walks the audit's hash chain in the broker's database, and says whether every entry is as it was written and none is
missing. The exit code is 1 where it does not hold. Note the newest hash elsewhere: no later chain without it is this one.`
	return verify
}

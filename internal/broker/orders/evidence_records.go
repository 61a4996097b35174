package orders

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// EvidenceRecords returns a page of the signed copies of all accounts, what waits longest first.
func (d *Desk) EvidenceRecords(ctx context.Context, params api.ListEvidenceRecordsParams) (api.EvidenceRecordPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.EvidenceRecordPage, error) {
		answer := api.EvidenceRecordPage{Items: []api.EvidenceRecord{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.EvidenceKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		rows, err := r.EvidenceQueue(ctx, store.EvidenceQueueFilter{
			Account: *orDefault(params.Account, ""), Decided: *orDefault(params.Decided, false), After: after, Limit: size + 1,
		})
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(e store.Evidence) any { return e.Key() }); err != nil {
			return answer, err
		}
		view, err := d.copyRecords(ctx, r)
		if err != nil {
			return answer, err
		}
		copies, err := openCopies(ctx, r, rows...)
		if err != nil {
			return answer, err
		}
		for _, c := range copies {
			shown, err := view.record(ctx, c)
			if err != nil {
				return answer, err
			}
			answer.Items = append(answer.Items, shown)
		}
		return answer, nil
	})
}

// EvidenceRecord returns a signed copy in whatever state with its versions and, where NHS has yet to correct its
// register, the letter that asks for it; or a problem.ObjectGone.
func (d *Desk) EvidenceRecord(ctx context.Context, uid string) (api.EvidenceRecord, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.EvidenceRecord, error) {
		shown, err := d.recordNow(ctx, r, uid)
		return shown, orGone(err, noEvidence(uid))
	})
}

// recordNow is the record of the signed copy of that uid as it is now.
func (d *Desk) recordNow(ctx context.Context, r *store.Reader, uid string) (api.EvidenceRecord, error) {
	c, err := copyByUID(ctx, r, uid)
	if err != nil {
		return api.EvidenceRecord{}, err
	}
	view, err := d.copyRecords(ctx, r)
	if err != nil {
		return api.EvidenceRecord{}, err
	}
	return view.record(ctx, c)
}

// copyRecords makes the operator's records of signed copies, over one snapshot.
type copyRecords struct {
	d       *Desk
	r       *store.Reader
	inForce *policy
	// now is the broker's.
	now time.Time
	// connections are those of each account that name a signed copy or rest on one.
	connections map[string][]store.Connection
}

func (d *Desk) copyRecords(ctx context.Context, r *store.Reader) (copyRecords, error) {
	now := d.now()
	inForce, err := d.policyInForce(ctx, r, now)
	return copyRecords{d: d, r: r, inForce: inForce, now: now, connections: make(map[string][]store.Connection)}, err
}

func (v copyRecords) record(ctx context.Context, c *signedCopy) (api.EvidenceRecord, error) {
	evidence, err := v.d.copyShown(c, c.row.Findings)
	if err != nil {
		return api.EvidenceRecord{}, err
	}
	shown := api.EvidenceRecord{Evidence: evidence, OrganisationTitle: given(c.title()), Versions: make([]api.EvidenceVersion, len(c.versions))}
	for i, version := range c.versions {
		shown.Versions[i] = versionShown(version)
	}
	if shown.Connections, err = v.connectionsOn(ctx, c); err != nil {
		return api.EvidenceRecord{}, err
	}
	if evidence.RegisterUpdatePending {
		letter := registerLetter(v.inForce.document, c, v.now)
		shown.RegisterLetter = &letter
	}
	return shown, nil
}

func versionShown(v store.EvidenceVersion) api.EvidenceVersion {
	return api.EvidenceVersion{
		Number: v.Number, DocumentSha256: v.DocumentSHA256, SizeBytes: v.SizeBytes,
		SignedOn: v.SignedOn, CountersignedOn: given(v.CountersignedOn), State: string(v.State),
		ReceivedAt: v.ReceivedAt.UTC(), ReceivedBy: v.ReceivedBy, DecidedAt: utc(v.DecidedAt), DecidedBy: given(v.DecidedBy),
		Saw: given(v.Saw), Reason: given(v.Reason),
	}
}

// connectionsOn are the full names of the live connections that rest on a version of the copy or, while it lives, name it.
func (v copyRecords) connectionsOn(ctx context.Context, c *signedCopy) ([]string, error) {
	rows, read := v.connections[c.row.Account]
	if !read {
		var err error
		if rows, err = v.r.ConnectionsNamingEvidence(ctx, c.row.Account); err != nil {
			return nil, err
		}
		v.connections[c.row.Account] = rows
	}
	names := []string{}
	for _, row := range rows {
		asked, err := wantedConnection(row)
		if err != nil {
			return nil, err
		}
		named := c.row.State.Holds() && (*orDefault(row.Spec.Agreement.EvidenceID, "") == c.row.FullName() ||
			*orDefault(asked.Agreement.EvidenceID, "") == c.row.FullName())
		rests := slices.ContainsFunc(c.versions, func(version store.EvidenceVersion) bool { return version.UID == row.EvidenceVersionUID })
		if named || rests {
			names = append(names, row.FullName())
		}
	}
	return names, nil
}

// registerLetter asks NHS to enter an agreement in its register. It says whose the agreement is and of which day, and of
// the document only its sum: the copy itself is shown on request.
func registerLetter(p api.Policy, c *signedCopy, now time.Time) string {
	holding := c.shown()
	sender := p.Csp.Title
	if p.Csp.OdsCode != nil {
		sender += " (ODS code " + *p.Csp.OdsCode + ")"
	}
	organisation := c.row.ODSCode
	if title := c.title(); title != "" {
		organisation = title + ", ODS code " + c.row.ODSCode
	}
	ask := "Please enter this agreement in the register"
	countersigned := "not on our copy"
	if holding.CountersignedOn != "" {
		countersigned = dayText(holding.CountersignedOn)
	} else {
		ask += ", and let us know if your counter-signature is still to come"
	}
	lines := []string{
		"To:      " + contactLine(p.NhsContact),
		"From:    " + sender + "; " + contactLine(p.Csp.Contact),
		"Date:    " + dayText(hscn.DateIn(now).String()),
		"Subject: HSCN Connection Agreement of " + organisation + ": correction of the register",
		"",
		"Dear colleagues,",
		"",
		"We connect " + c.label() + " to HSCN on a signed copy of its HSCN Connection Agreement.",
		c.registerSays(),
		"",
		"  Organisation:       " + organisation,
		"  Signed on:          " + dayText(holding.SignedOn),
		"  Counter-signed on:  " + countersigned,
		"  Our copy:           " + fmt.Sprintf("PDF of %d bytes, SHA-256 %s", holding.SizeBytes, holding.DocumentSHA256),
		"  Received on:        " + dayText(hscn.DateIn(holding.ReceivedAt).String()),
	}
	if holding.DecidedAt != nil {
		lines = append(lines, "  Validated by us on: "+dayText(hscn.DateIn(*holding.DecidedAt).String()))
	}
	lines = append(lines,
		"  Our reference:      "+c.row.FullName()+", "+c.row.UID,
		"",
		ask+".",
		"We look the organisation up again once you say that it is done, and send you the copy if you want to see it.",
		"",
		"Yours faithfully,",
		p.Csp.Contact.Title,
	)
	return strings.Join(lines, "\n") + "\n"
}

// registerSays is what is known of the register's entry, which is none that holds, as a sentence.
func (c *signedCopy) registerSays() string {
	entry := c.organisation.Register
	switch {
	case entry == nil:
		return "We have not found the agreement in the register of HSCN Connection Agreements yet."
	case !entry.Found:
		return "The register of HSCN Connection Agreements showed no entry of the organisation when we looked on " +
			dayText(hscn.DateIn(entry.LookedUpAt).String()) + "."
	default:
		return "The register of HSCN Connection Agreements showed an entry of the organisation that does not hold now when we looked on " +
			dayText(hscn.DateIn(entry.LookedUpAt).String()) + "."
	}
}

// contactLine is a contact with all the ways to reach it.
func contactLine(c api.Contact) string {
	ways := []string{c.Title}
	for _, way := range []*string{c.Email, c.Phone, c.URL} {
		if way != nil {
			ways = append(ways, *way)
		}
	}
	return strings.Join(ways, ", ")
}

// dayText writes a day, YYYY-MM-DD, for people.
func dayText(day string) string {
	date, err := hscn.ParseDate(day)
	if err != nil {
		return day
	}
	return fmt.Sprintf("%d %s %d", date.Day, date.Month, date.Year)
}

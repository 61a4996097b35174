package provider_test

import (
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// drawOrganisations draws whom the account acts for, and what registers say of them and of some others. Most of them are
// without fault when what lives is ordered; some of what is looked up later is not.
func (w *world) drawOrganisations() {
	for n := range 6 {
		code, then := w.code(n), api.InventoryOrganisation{OdsCode: w.code(n)}
		switch {
		case n < 3:
			w.codes = append(w.codes, code)
		default:
			w.strangers = append(w.strangers, code)
		}
		if w.chance(75) {
			then.Directory, then.Register, then.FlowDown, then.Dspt = w.soundDirectory(), w.soundRegister(), w.soundFlowDown(), w.soundDSPT()
		}
		if w.chance(15) {
			w.lookUp(&then, one(w.draw, -1, -10, -60, -200))
		}
		if w.chance(93) {
			w.Then.Organisations = append(w.Then.Organisations, then)
		}
		now := api.InventoryOrganisation{OdsCode: code}
		if w.chance(30) {
			w.lookUp(&now, w.Scene.Days)
			w.Now.Organisations = append(w.Now.Organisations, now)
		}
	}
	account := api.InventoryAccount{ID: w.Account, Title: "Estate " + w.Account, Organisations: w.codes}
	w.Then.Accounts = append(w.Then.Accounts, account)
	if w.chance(15) {
		account.Organisations = account.Organisations[:2]
		w.Now.Accounts = append(w.Now.Accounts, account)
	}
}

// lookUp draws some of an organisation's records, looked up on that day.
func (w *world) lookUp(o *api.InventoryOrganisation, days int) {
	at := today(days).Add(-time.Minute)
	if w.chance(50) {
		o.Directory = w.directory(days, at)
	}
	if w.chance(50) {
		o.Register = w.register(days, at)
	}
	if w.chance(50) {
		o.FlowDown = w.flowDown(days, at)
	}
	if w.chance(50) {
		o.Dspt = w.dsptRecord(days, at)
	}
}

func (w *world) soundDirectory() *api.DirectoryRecord {
	return &api.DirectoryRecord{
		LookedUpAt: today(-1), Found: true, Title: new("Meadow Trust"), Active: new(true), RecordClass: new("RC1"),
		Country: new("ENGLAND"), PrimaryRole: new("RO197"),
	}
}

func (w *world) soundRegister() *api.RegisterRecord {
	return &api.RegisterRecord{LookedUpAt: today(-1), Found: true, Reference: new("CA-1"), SignedOn: new(w.day(0, -300))}
}

func (w *world) soundFlowDown() *api.FlowDownRecord {
	return &api.FlowDownRecord{LookedUpAt: today(-1), Documents: w.documents(api.FlowDownDocument{Kind: masterAgreement, Version: "11.2"})}
}

// documents leaves out what the policy has no kind for, which nobody could record.
func (w *world) documents(all ...api.FlowDownDocument) []api.FlowDownDocument {
	agreements, _ := w.Scene.Changes["agreements"].(obj)
	if terms, _ := agreements["flow_down_documents"].([]any); len(terms) == 0 {
		return []api.FlowDownDocument{}
	}
	return all
}

func (w *world) soundDSPT() *api.DSPTRecord {
	return &api.DSPTRecord{LookedUpAt: today(-1), Found: true, Status: new("25/26 Standards Exceeded"), PublishedOn: new(w.day(0, -90))}
}

func (w *world) directory(days int, at time.Time) *api.DirectoryRecord {
	r := &api.DirectoryRecord{LookedUpAt: at, Found: w.chance(92)}
	if !r.Found {
		return r
	}
	r.Title, r.Active, r.RecordClass = new("Orchard Trust"), new(w.chance(80)), new(one(w.draw, "RC1", "RC1", "RC1", "RC2"))
	if w.chance(85) {
		r.Country = new(one(w.draw, "ENGLAND", "ENGLAND", "ENGLAND", "ENGLAND", "ENGLAND", "WALES", "ISLE OF MAN"))
	}
	if w.chance(85) {
		r.PrimaryRole = new(one(w.draw, "RO197", "RO57", "RO177"))
	}
	if !*r.Active || w.chance(10) {
		r.OperationalEnd = new(w.day(days, -500, -60, -1, 30))
	}
	if w.chance(10) {
		r.LegalEnd = new(w.day(days, -500, -60, -1, 0, 30))
	}
	if w.chance(30) {
		r.Successors = []string{one(w.draw, w.code(0), w.code(3), w.code(4), w.code(8))}
	}
	if w.chance(20) {
		r.Parent = new(one(w.draw, w.code(1), w.code(4), w.code(5)))
	}
	if w.chance(15) {
		r.Sites = []string{one(w.draw, w.code(2), w.code(5))}
	}
	return r
}

func (w *world) register(days int, at time.Time) *api.RegisterRecord {
	r := &api.RegisterRecord{LookedUpAt: at, Found: w.chance(65)}
	if !r.Found {
		return r
	}
	if w.chance(10) {
		r.Kind = new(api.RegisterRecordKindIgsoc)
	}
	r.SignedOn = new(w.day(days, -1000, -100, -5000))
	if w.chance(25) {
		r.EndedOn = new(w.day(days, -400, -1, 0, 10, 400))
	}
	if w.chance(10) {
		r.WithdrawnOn = new(w.day(days, -1, 0, 20))
	}
	return r
}

func (w *world) flowDown(days int, at time.Time) *api.FlowDownRecord {
	document := api.FlowDownDocument{Kind: masterAgreement, Version: one(w.draw, "1.0", "10.9", "11.0", "11.10", "v12")}
	if w.chance(50) {
		document.SignedOn = new(w.day(days, -1000, -100, -5000))
	}
	if w.chance(30) {
		document.EndedOn = new(w.day(days, -400, -1, 0, 10, 400))
	}
	r := &api.FlowDownRecord{LookedUpAt: at, Documents: []api.FlowDownDocument{}}
	if w.chance(80) {
		r.Documents = w.documents(document)
	}
	return r
}

func (w *world) dsptRecord(days int, at time.Time) *api.DSPTRecord {
	r := &api.DSPTRecord{LookedUpAt: at, Found: w.chance(90)}
	if !r.Found {
		return r
	}
	edition := one(w.draw, "", "23/24 ", "24/25 ", "25/26 ", "25/26 ", "25/26 ", "2026-27 ")
	r.Status = new(edition + one(w.draw, "Standards Met", "Standards Exceeded", "Approaching Standards", "Standards Not Met", "Not Published"))
	if w.chance(60) {
		r.PublishedOn = new(w.day(days, -900, -300, -30))
	}
	return r
}

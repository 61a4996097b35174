package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// The guide shows every message of an import as it is printed, and no other, and that of the plan that leads to one.
func TestTheGuideHasTheMessagesOfImports(t *testing.T) {
	t.Parallel()
	guideHasTheMessages(t, "importing-what-exists.md.tmpl", importsThatFail)
}

// imported is what an import says, up to the read that ends it.
func (f failing) imported(id string, identity *tfprotov6.ResourceIdentityData) []*tfprotov6.Diagnostic {
	f.t.Helper()
	imported, diags := f.p.imports("hscn_connection", id, identity)
	if len(diags) > 0 {
		return diags
	}
	_, diags = f.p.read(imported)
	return diags
}

var importsThatFail = map[string]func(t *testing.T) []*tfprotov6.Diagnostic{
	"a plan of what exists": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		f.Put(connectionName, acctest.Spec(f.Site, 1))
		return ofSeverity(f.p.plan("hscn_connection", connection(obj{"service": obj{"type": "cloud_project", "id": "project-2"}}), none, nil).diags, isError)
	},
	"nothing of that name": func(t *testing.T) []*tfprotov6.Diagnostic {
		return newFailing(t, nil).imported("connections/records-prd", nil)
	},
	"no id": func(t *testing.T) []*tfprotov6.Diagnostic { return newFailing(t, nil).imported("records-prod", nil) },
	"another account": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		return f.imported("", f.p.identified(acctest.OtherAccount, connectionName))
	},
	"no provider yet": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		f.p = speakTo(t, f.URL(), obj{"token": unknown})
		return f.imported(connectionName, nil)
	},
}

package hscn_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// wantFormatError checks that err is a *FormatError about that value, and that its text has every one of the parts.
func wantFormatError(t *testing.T, err error, value string, parts ...string) {
	t.Helper()
	var format *hscn.FormatError
	if !errors.As(err, &format) {
		t.Fatalf("error of type %T (%v), want *hscn.FormatError", err, err)
	}
	if format.Value != value {
		t.Errorf("error is about the value %q, want %q", format.Value, value)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

// names draws what ValidateName accepts, by the grammar rather than by the code under test.
func names() *rapid.Generator[string] { return rapid.StringMatching(`[a-z][a-z0-9-]{2,62}`) }

func TestValidateName(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name string
		want []string // parts of the error; none for a valid name
	}{
		"shortest":             {name: "abc"},
		"longest":              {name: "a" + strings.Repeat("0", 62)},
		"hyphens":              {name: "records-prod-"},
		"empty":                {name: "", want: []string{"is empty", "3 to 63 characters"}},
		"one character":        {name: "a", want: []string{"is too short: it has 1 character and needs at least 3"}},
		"two characters":       {name: "ab", want: []string{"is too short: it has 2 characters"}},
		"64 characters":        {name: strings.Repeat("a", 64), want: []string{"is too long: it has 64 characters and may have at most 63"}},
		"digit first":          {name: "1ab", want: []string{`starts with '1': the first character must be a letter a-z`}},
		"hyphen first":         {name: "-ab", want: []string{`starts with '-'`}},
		"upper case first":     {name: "Records", want: []string{`starts with 'R'`}},
		"upper case later":     {name: "reCords", want: []string{`has 'C' as character 3`}},
		"underscore":           {name: "records_prod", want: []string{`has '_' as character 8: only a-z, 0-9 and "-" are allowed`}},
		"space":                {name: "records prod", want: []string{`has ' ' as character 8`}},
		"position in letters":  {name: "caféteria!", want: []string{`has 'é' as character 4`}},
		"not UTF-8":            {name: "ab\xffd", want: []string{`as character 3`}},
		"everything":           {name: "1_", want: []string{"is too short: it has 2 characters", "; it starts with '1'", "; it has '_' as character 2"}},
		"the listing's parent": {name: "-", want: []string{"is too short"}},
		"a whole file":         {name: strings.Repeat("x", 5000), want: []string{`"... is too long`, "5000"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := hscn.ValidateName(tt.name)
			if tt.want == nil {
				if err != nil {
					t.Errorf("ValidateName(%q) = %v, want nil", tt.name, err)
				}
				return
			}
			wantFormatError(t, err, tt.name, tt.want...)
			if len(err.Error()) > 500 {
				t.Errorf("error has %d bytes: a value must not flood it", len(err.Error()))
			}
		})
	}
}

func TestValidateNameAcceptsItsGrammarOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		if name := names().Draw(t, "name"); hscn.ValidateName(name) != nil {
			t.Fatalf("ValidateName(%q) = %v", name, hscn.ValidateName(name))
		}
		// One character that does not belong spoils any name, wherever it stands.
		name := names().Draw(t, "good")
		wrong := rapid.Rune().Filter(func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", r)
		}).Draw(t, "wrong")
		at := rapid.IntRange(0, len(name)).Draw(t, "at")
		if spoilt := name[:at] + string(wrong) + name[at:]; hscn.ValidateName(spoilt) == nil {
			t.Fatalf("ValidateName(%q) = nil", spoilt)
		}
	})
}

func TestResourceNames(t *testing.T) {
	t.Parallel()
	if got, want := hscn.ConnectionName("records-prod"), "connections/records-prod"; got != want {
		t.Errorf("ConnectionName = %q, want %q", got, want)
	}
	if got, want := hscn.EdgeAttachmentName("records-prod", "web"), "connections/records-prod/edge-attachments/web"; got != want {
		t.Errorf("EdgeAttachmentName = %q, want %q", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		connection, edge := names().Draw(t, "connection"), names().Draw(t, "edge")
		if got, err := hscn.ParseConnectionName(hscn.ConnectionName(connection)); err != nil || got != connection {
			t.Fatalf("ParseConnectionName(ConnectionName(%q)) = %q, %v", connection, got, err)
		}
		if got, err := hscn.ParseAgreementEvidenceName(hscn.AgreementEvidenceName(connection)); err != nil || got != connection {
			t.Fatalf("ParseAgreementEvidenceName(AgreementEvidenceName(%q)) = %q, %v", connection, got, err)
		}
		gotConnection, gotEdge, err := hscn.ParseEdgeAttachmentName(hscn.EdgeAttachmentName(connection, edge))
		if err != nil || gotConnection != connection || gotEdge != edge {
			t.Fatalf("ParseEdgeAttachmentName(EdgeAttachmentName(%q, %q)) = %q, %q, %v", connection, edge, gotConnection, gotEdge, err)
		}
	})
}

func TestParseConnectionNameRefuses(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", "records-prod", "connections", "connections/", "/connections/abc", "connections/abc/", "connection/abc",
		"Connections/abc", "connections/abc/edge-attachments/web", "connections/-", "connections/ABC", "connections//abc",
	} {
		_, err := hscn.ParseConnectionName(id)
		wantFormatError(t, err, id, "connection id", "connections/<name>", `"connections/records-prod"`)
	}
	_, err := hscn.ParseConnectionName("connections/Abc")
	wantFormatError(t, err, "connections/Abc", `: name "Abc" starts with 'A'`)
}

func TestParseAgreementEvidenceNameRefuses(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", "ca-2026", "agreement-evidence", "agreement-evidence/", "agreement-evidences/ca-2026", "connections/ca-2026",
		"agreement-evidence/CA", "agreement-evidence/ca-2026/versions/1",
	} {
		_, err := hscn.ParseAgreementEvidenceName(id)
		wantFormatError(t, err, id, "agreement evidence id", "agreement-evidence/<name>", `"agreement-evidence/ca-2026"`)
	}
}

func TestParseEdgeAttachmentNameRefuses(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", "web", "connections/abc", "connections/abc/web", "connections/abc/edge-attachments", "connections/-/edge-attachments/web",
		"connections/abc/edge-attachments/", "connections/abc/ip-allocations/web", "edge-attachments/web/connections/abc",
		"connections/abc/edge-attachments/web/", "connections/a/edge-attachments/web",
	} {
		_, _, err := hscn.ParseEdgeAttachmentName(id)
		wantFormatError(
			t, err, id, "edge attachment id",
			"connections/<connection>/edge-attachments/<name>", `"connections/records-prod/edge-attachments/web"`,
		)
	}
}

func TestParsedNamesBuildTheSameID(t *testing.T) {
	t.Parallel()
	segment := rapid.SampledFrom([]string{"connections", "edge-attachments", "abc", "web", "-", "", "ABC", "a/b"})
	rapid.Check(t, func(t *rapid.T) {
		id := strings.Join(rapid.SliceOfN(segment, 0, 5).Draw(t, "segments"), "/")
		if name, err := hscn.ParseConnectionName(id); err == nil && hscn.ConnectionName(name) != id {
			t.Fatalf("ParseConnectionName(%q) = %q, which is the name of %q", id, name, hscn.ConnectionName(name))
		}
		if connection, name, err := hscn.ParseEdgeAttachmentName(id); err == nil && hscn.EdgeAttachmentName(connection, name) != id {
			t.Fatalf("ParseEdgeAttachmentName(%q) = %q, %q", id, connection, name)
		}
	})
}

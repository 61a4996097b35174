package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestReadingADocument(t *testing.T) {
	t.Parallel()
	const limit = 2048
	folder := t.TempDir()
	write := func(name, content string) types.String {
		t.Helper()
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return types.StringValue(file)
	}
	const secret = "SECRET-WORDS-OF-THE-AGREEMENT"
	signed := "%PDF-1.7\n" + secret + "\n%%EOF"
	digest := sha256.Sum256([]byte(signed))
	sum := hex.EncodeToString(digest[:])
	largest := strings.Repeat("\n", 1000)
	largest = signed + strings.Repeat("x", limit-len(signed)-len("%%EOF")-len(largest)) + "%%EOF" + largest
	base64Of := func(content string) types.String {
		return types.StringValue(base64.StdEncoding.EncodeToString([]byte(content)))
	}
	folded := base64Of(signed).ValueString()
	folded = folded[:20] + "\n" + folded[20:] + "\n"

	tests := map[string]struct {
		given     handedIn
		attribute string
		says      []string // nothing where it is read
	}{
		"a file":                         {handedIn{path: write("signed.pdf", signed)}, "", nil},
		"a file of that sum":             {handedIn{path: write("sum.pdf", signed), sum: types.StringValue(strings.ToUpper(sum))}, "", nil},
		"a file of a sum that is coming": {handedIn{path: write("unknown.pdf", signed), sum: types.StringUnknown()}, "", nil},
		"the largest file":               {handedIn{path: write("largest.pdf", largest)}, "", nil},
		"base64":                         {handedIn{content: base64Of(signed)}, "", nil},
		"base64 in lines":                {handedIn{content: types.StringValue(folded)}, "", nil},
		"the largest base64":             {handedIn{content: base64Of(largest)}, "", nil},
		"a file of another sum": {
			handedIn{path: write("other.pdf", signed+" v2"), sum: types.StringValue(sum)},
			"document_path",
			[]string{"another one", sum, filepath.Join(folder, "other.pdf"), "Nothing was sent"},
		},
		"a file that was cut off": {handedIn{path: write("half.pdf", signed[:len(signed)-1])}, "document_path", []string{"is not whole", "half.pdf", "cut off"}},
		"base64 of another sum": {
			handedIn{content: base64Of(signed + " v2"), sum: types.StringValue(sum)}, "", []string{"another one", "document_wo"},
		},
		"no such file":      {handedIn{path: types.StringValue(filepath.Join(folder, "none.pdf"))}, "document_path", []string{"none.pdf does not exist", "${path.module}"}},
		"a folder":          {handedIn{path: types.StringValue(folder)}, "document_path", []string{"is no file"}},
		"too large a file":  {handedIn{path: write("large.pdf", largest+"x")}, "document_path", []string{"too large", "2049 bytes", "takes 2048"}},
		"too large base64":  {handedIn{content: base64Of(largest + "x")}, "", []string{"too large", "2049 bytes"}},
		"far too much":      {handedIn{content: base64Of(strings.Repeat(largest, 3))}, "", []string{"too large", "6144 bytes"}},
		"no PDF":            {handedIn{path: write("signed.docx", "PK "+secret)}, "document_path", []string{"is no PDF", "signed.docx", "Nothing was sent"}},
		"base64 of no PDF":  {handedIn{content: base64Of(secret)}, "", []string{"is no PDF", "document_wo"}},
		"malformed base64":  {handedIn{content: types.StringValue("%PDF-" + secret)}, "", []string{"is not base64", "filebase64"}},
		"nothing in a file": {handedIn{path: write("empty.pdf", "")}, "document_path", []string{"is no PDF"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, got, err := test.given.read(limit)
			if test.says == nil {
				digest := sha256.Sum256(content)
				if err != nil || got != hex.EncodeToString(digest[:]) || !strings.HasPrefix(string(content), signed) {
					t.Errorf("%d bytes of the sum %s: %v", len(content), got, err)
				}
				return
			}
			var problem *documentProblem
			if !errors.As(err, &problem) || problem.attribute != test.attribute || content != nil || got != "" {
				t.Fatalf("%d bytes of the sum %s: %v", len(content), got, err)
			}
			for _, text := range test.says {
				if !strings.Contains(problem.Error(), text) {
					t.Errorf("it does not say %q: %s", text, problem)
				}
			}
			if strings.Contains(problem.Error(), secret) {
				t.Errorf("it repeats the document: %s", problem)
			}
		})
	}
}

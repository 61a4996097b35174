package orders_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// pdf is as much of one as the broker looks at; the words tell one from another.
func pdf(words string) []byte {
	return []byte("%PDF-1.7\n% " + words + "\nstartxref\n0\n%%EOF\n")
}

func sumOfBytes(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// upload sends a document of the caller's account and returns its sum.
func (b *bundle) upload(caller request.Caller, content []byte) string {
	b.Helper()
	sum := sumOfBytes(content)
	receipt, err := b.UploadDocument(context.Background(), b.by(caller), sum, int64(len(content)), bytes.NewReader(content))
	if err != nil {
		b.Fatalf("upload: %v", err)
	}
	if receipt.Sha256 != sum || receipt.SizeBytes != int64(len(content)) {
		b.Errorf("receipt is %+v", receipt)
	}
	return sum
}

func TestUploadDocumentChecksWhatItIs(t *testing.T) {
	t.Parallel()
	const limit = 4096
	padded := func(before, after int) []byte {
		return []byte(strings.Repeat("-", before) + "%PDF-1.4" + strings.Repeat(" ", 2000) + "%%EOF" + strings.Repeat("\n", after))
	}
	sized := func(bytes int) []byte {
		return []byte("%PDF-1.7" + strings.Repeat(" ", bytes-len("%PDF-1.7%%EOF")) + "%%EOF")
	}
	exact := sized(limit)
	cases := map[string]struct {
		content []byte
		body    io.Reader // what arrives, where that is not the content
		unsized bool
		sum     string
		want    problem.Type
		pointer string
		words   []string
	}{
		"a PDF":                        {content: pdf("")},
		"of unknown size":              {content: pdf(""), unsized: true},
		"as large as may be":           {content: exact},
		"with mail around it":          {content: padded(1019, 1019)},
		"begins too late":              {content: padded(1020, 0), want: problem.RequestInvalid, words: []string{`"%PDF-" is not among its first 1024 bytes`}},
		"goes on too long":             {content: padded(0, 1020), want: problem.RequestInvalid, words: []string{`"%%EOF" is not among the last 1024`, "cut off"}},
		"a page of a proxy":            {content: []byte("<html>Sign in</html>"), want: problem.RequestInvalid, words: []string{"not a PDF"}},
		"empty":                        {content: []byte{}, want: problem.RequestInvalid, words: []string{"empty"}},
		"another document":             {content: pdf("one"), sum: sumOfBytes(pdf("two")), want: problem.RequestInvalid, pointer: "sha256", words: []string{sumOfBytes(pdf("one"))}},
		"too large, and says so":       {content: sized(limit + 1), want: problem.TooLarge, words: []string{"4097", "4096", "maximum_bytes"}},
		"too large, and does not":      {content: sized(limit + 1), unsized: true, want: problem.TooLarge, words: []string{"more than the 4096 bytes", "maximum_bytes"}},
		"broken off at the beginning":  {content: pdf(""), body: iotest.ErrReader(io.ErrUnexpectedEOF), want: problem.RequestInvalid},
		"broken off in the middle":     {content: exact, body: io.MultiReader(bytes.NewReader(exact[:3000]), iotest.ErrReader(errors.New("reset"))), want: problem.RequestInvalid, words: []string{"before it was complete"}},
		"a byte at a time":             {content: exact, body: iotest.OneByteReader(bytes.NewReader(exact))},
		"no PDF, and endless":          {content: []byte("x"), body: endless{}, unsized: true, want: problem.RequestInvalid, words: []string{"not a PDF"}},
		"begins like one, and endless": {content: []byte("x"), body: io.MultiReader(strings.NewReader("%PDF-1.7"), endless{}), unsized: true, want: problem.TooLarge},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url, func(p *api.Policy) { p.Agreements.Evidence.MaximumBytes = limit })
				size, sum := int64(len(c.content)), sumOfBytes(c.content)
				if c.unsized {
					size = -1
				}
				if c.sum != "" {
					sum = c.sum
				}
				body := c.body
				if body == nil {
					body = bytes.NewReader(c.content)
				}
				_, err := b.UploadDocument(context.Background(), b.acme(), sum, size, body)
				if c.want == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				p := b.asProblem(err, c.want)
				assertContains(t, "problem", p.Detail, c.words...)
				if c.pointer != "" {
					assertSlice(t, "members", pointersOf(p.Invalid), []string{c.pointer})
				}
				if entries := b.audited("document.upload"); len(entries) > 0 {
					t.Errorf("what was refused is in the audit: %+v", entries)
				}
			})
		})
	}
}

// endless never ends.
type endless struct{}

// Read implements io.Reader.
func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestUploadDocumentAgainChangesNothing(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		sum := b.upload(customer("acme"), pdf("one"))
		b.clock.Advance(time.Hour)
		content := pdf("one")
		again, err := b.UploadDocument(context.Background(), b.acme(), sum, int64(len(content)), bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "received at", again.ReceivedAt, monday)
		b.upload(customer("other"), pdf("one")) // an account's documents are its own
		entries := b.audited("document.upload")
		assertEqual(t, "entries", len(entries), 2)
		assertEqual(t, "object", entries[0].Object, "documents/"+sum)
		assertEqual(t, "account", entries[0].Account, "acme")
	})
}

func TestUploadDocumentBounds(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		first := b.upload(customer("acme"), pdf("0"))
		for i := 1; i < 20; i++ {
			b.clock.Advance(time.Minute)
			b.upload(customer("acme"), pdf(fmt.Sprint(i)))
		}
		one := pdf("one too many")
		send := func() error {
			_, err := b.UploadDocument(context.Background(), b.acme(), sumOfBytes(one), int64(len(one)), bytes.NewReader(one))
			return err
		}
		p := b.asProblem(send(), problem.StateForbids)
		assertContains(t, "problem", p.Detail, "20 documents", "document_sha256", "Tuesday 2 June 2026, 09:30 BST")
		b.upload(customer("acme"), pdf("0")) // what is there already is none more
		b.upload(customer("other"), pdf("another account's"))
		b.handIn("ca-2026", evidenceSpec(first))
		if err := send(); err != nil {
			t.Errorf("one of the 20 is named: %v", err)
		}
	})
}

// Naming documents is no way past the bound on them: of the copies that name them only so many wait for a person.
func TestCopiesThatNobodyValidatesAreBounded(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		sum := b.upload(customer("acme"), pdf("one"))
		e := b.handIn("first", evidenceSpec(sum))
		for i := range 199 {
			b.handIn(fmt.Sprintf("ca-%d", i), evidenceSpec(sum))
		}
		_, err := b.CreateAgreementEvidence(context.Background(), b.acme(), "one-more", evidenceSpec(sum), true)
		assertContains(t, "problem", b.asProblem(err, problem.StateForbids).Detail, "200 signed copies")
		b.validate(e.UID, 1)
		b.handIn("one-more", evidenceSpec(sum))
	})
}

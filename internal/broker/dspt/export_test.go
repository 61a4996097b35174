package dspt_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/dspt"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// exportedOn is the day of the tests' exports.
var exportedOn = hscn.Date{Year: 2026, Month: time.July, Day: 1}

// headings of the years.
const (
	newest = `Code,Organisation Name,Status,Date Of Publication,Primary Sector,"Integrated Care Board (where available, from ODS)"`
	older  = `Code,Organisation Name,Latest Status,Date Of Publication,Primary Sector,Commissioner (From ODS)`
)

func texts(rows []dspt.Row) []string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = row.Code + ": " + row.String()
	}
	return lines
}

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		export string
		want   []string
	}{
		"the newest headings": {
			newest + "\nA1B2C,Meadow Surgery,25/26 Standards Met,20/06/2026,GP,\"NHS BATH, SWINDON ICB\"\n",
			[]string{"A1B2C: 25/26 Standards Met, published on 2026-06-20"},
		},
		"the older ones": {
			older + "\nA1B2C,Meadow Surgery,20/21 Standards Exceeded,01/02/2021,GP,NHS BATH CCG\n",
			[]string{"A1B2C: 20/21 Standards Exceeded, published on 2021-02-01"},
		},
		"codes in lower case, with space around them": {
			newest + "\n a1b2c ,Meadow,25/26 Standards Met,20/06/2026,GP,\n",
			[]string{"A1B2C: 25/26 Standards Met, published on 2026-06-20"},
		},
		"a byte order mark": {
			"\uFEFF" + newest + "\nA1B2C,Meadow,Not Published,,GP,\n",
			[]string{"A1B2C: Not Published"},
		},
		"a byte order mark before a quoted heading": {
			"\uFEFF\"Code\",\"Status\",\"Date Of Publication\"\n\"A1B2C\",\"Not Published\",\"\"\n",
			[]string{"A1B2C: Not Published"},
		},
		"CRLF, quoted fields, a line break in one": {
			strings.ReplaceAll(newest+"\n\"A1B2C\",\"Meadow \"\"M\"\"\nSurgery\",\"25/26 Standards Met\",\"20/06/2026\",GP,\nD3E4F,Dale,Not Published,28/06/2022,GP,\n", "\n", "\r\n"),
			[]string{"A1B2C: 25/26 Standards Met, published on 2026-06-20", "D3E4F: Not Published, published on 2022-06-28"},
		},
		"columns in another order, others among them, headings in another case": {
			"lat,DATE OF PUBLICATION,code,Latest  status\n1.5,3/6/2026,R0A,2025-26 standards met\n",
			[]string{"R0A: 2025-26 standards met, published on 2026-06-03"},
		},
		"all the outcomes": {
			"Code,Status,Date Of Publication\nAAA,22/23 Standards Met,\nBBB,22/23 Standards Exceeded,\nCCC,22/23 Approaching Standards,\n" +
				"DDD,Not Published,\nEEE,21/22 Standards Not Met,\nFFF,21/22 Standards Not Fully Met (Plan Agreed),\nGGG,not fully met (plan agreed),30/03/2019\n",
			[]string{
				"AAA: 22/23 Standards Met", "BBB: 22/23 Standards Exceeded", "CCC: 22/23 Approaching Standards", "DDD: Not Published",
				"EEE: 21/22 Standards Not Met", "FFF: 21/22 Standards Not Fully Met (Plan Agreed)",
				"GGG: not fully met (plan agreed), published on 2019-03-30",
			},
		},
		"the same row twice, and empty rows": {
			newest + "\n\nA1B2C,Meadow,Not Published,,GP,\n,,,,,\na1b2c,Meadow again,Not  Published,,GP,\n\n",
			[]string{"A1B2C: Not Published"},
		},
		"a name that is not UTF-8": {
			newest + "\nA1B2C,Caf\xe9,Not Published,,GP,\n",
			[]string{"A1B2C: Not Published"},
		},
		"published on the day of the export": {
			newest + "\nA1B2C,Meadow,25/26 Standards Met,01/07/2026,GP,\n",
			[]string{"A1B2C: 25/26 Standards Met, published on 2026-07-01"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := dspt.Read(strings.NewReader(c.export), exportedOn)
			if err != nil || !slices.Equal(texts(rows), c.want) {
				t.Errorf("read %q, %v, want %q", texts(rows), err, c.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const plain = "Code,Status,Date Of Publication\n"
	for name, c := range map[string]struct {
		export string
		want   []string
	}{
		"nothing":             {"", []string{"line 1 is empty: an export of the register begins with its headings"}},
		"no row":              {plain, []string{"line 1 has headings, and no row follows: an export of the register has one for each organisation"}},
		"something else":      {"<html>\n", []string{`line 1 has no heading "Code"; those that it has are "<html>"`, `line 1 has no heading "Status" or "Latest Status"; those that it has are "<html>"`, `line 1 has no heading "Date Of Publication"; those that it has are "<html>"`}},
		"two columns for one": {"Code,Status,Latest Status,Date Of Publication\nA1B,Not Published,Not Published,\n", []string{`line 1, Latest Status is a second column for what "Status" has already`}},
		"every kind of offence": {
			plain + "A1B2C,25/26 Standards Met,20/06/2026\n,Not Published,\nA-1,Not Published,\nD3E4F,25/26 Standards Exeeded,\n" +
				"E3E4F,25/27 Standards Met,\nF3E4F,,\nG3E4F,Not Published,2026-06-20\nH3E4F,Not Published,31/02/2026\nI3E4F,Not Published\n" +
				"a1b2c,24/25 Standards Met,20/06/2025\nJ3E4F,25/26 Standards Met,02/07/2026\n",
			[]string{
				`line 3, Code "" is empty`,
				`line 4, Code "A-1" has '-' as character 2: only letters A-Z and digits are allowed`,
				`line 5, Status "25/26 Standards Exeeded" has no outcome that the toolkit gives`,
				`line 6, Status "25/27 Standards Met" does not begin with an edition`,
				`line 7, Status "" is empty`,
				`line 8, Date Of Publication "2026-06-20" is not a day in the form DD/MM/YYYY, such as 30/06/2026`,
				`line 9, Date Of Publication "31/02/2026" is not a day in the form DD/MM/YYYY`,
				`line 10 has 2 columns, and the headings are 3`,
				`line 11, Code "A1B2C" is given for the second time, and line 2 says something else of it: 25/26 Standards Met, published on 2026-06-20`,
				`line 12, Date Of Publication "02/07/2026" comes after the export, which was made on 2026-07-01`,
			},
		},
		"lines counted through a quoted line break": {
			"Code,Name,Status,Date Of Publication\nA1B2C,\"Meadow\nSurgery\",Not Published,\nx,Dale,Not Published,\n",
			[]string{`line 4, Code "x" has 1 character`},
		},
		"a quote that never ends": {
			plain + "A1B2C,Not Published,\nD3E4F,\"Not Published,\n",
			[]string{"line 3 is not CSV: extraneous or missing \" in quoted-field at character"},
		},
		"a long value": {
			plain + "A1B2C," + strings.Repeat("x", 1000) + ",\n",
			[]string{`line 2, Status "` + strings.Repeat("x", 80) + `..." has no outcome`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := dspt.Read(strings.NewReader(c.export), exportedOn)
			var wrong *dspt.Error
			if !errors.As(err, &wrong) || rows != nil {
				t.Fatalf("read %v, %v", rows, err)
			}
			if len(wrong.Offences) != len(c.want) || wrong.More != 0 {
				t.Fatalf("offences are %+v, want %q", wrong.Offences, c.want)
			}
			for i, offence := range wrong.Offences {
				if text := offence.Where() + " " + offence.Reason; !strings.HasPrefix(text, c.want[i]) {
					t.Errorf("offence %q, want %q", text, c.want[i])
				}
			}
			if text := wrong.Error(); !strings.HasPrefix(text, c.want[0]) {
				t.Errorf("the error says %q", text)
			}
		})
	}
}

func TestReadNamesOffencesWithinBounds(t *testing.T) {
	t.Parallel()
	export := "Code,Status,Date Of Publication\n" + strings.Repeat("?,Not Published,\n", dspt.MaxOffences+7)
	_, err := dspt.Read(strings.NewReader(export), exportedOn)
	var wrong *dspt.Error
	if !errors.As(err, &wrong) || len(wrong.Offences) != dspt.MaxOffences || wrong.More != 7 {
		t.Fatalf("err = %v", err)
	}
	if want := fmt.Sprintf("; and %d more", dspt.MaxOffences+6); !strings.HasSuffix(err.Error(), want) {
		t.Errorf("the error says %q, want %q at its end", err, want)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the line went dead") }

func TestReadFails(t *testing.T) {
	t.Parallel()
	_, err := dspt.Read(broken{}, exportedOn)
	var wrong *dspt.Error
	if err == nil || errors.As(err, &wrong) || !strings.Contains(err.Error(), "the line went dead") {
		t.Errorf("err = %v", err)
	}
}

// Whatever the spelling, order and quoting of a good export, what is read is what was written.
func TestReadIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		codes := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Z0-9]{3,12}`), 1, 20, rapid.ID).Draw(t, "codes")
		var text strings.Builder
		if rapid.Bool().Draw(t, "byte order mark") {
			text.WriteString("\uFEFF")
		}
		file := csv.NewWriter(&text)
		file.UseCRLF = rapid.Bool().Draw(t, "CRLF")
		order := rapid.Permutation([]string{"code", "name", "status", "published"}).Draw(t, "order")
		write := func(fields map[string]string) {
			record := make([]string, len(order))
			for i, column := range order {
				record[i] = fields[column]
			}
			if err := file.Write(record); err != nil {
				t.Fatal(err)
			}
		}
		write(map[string]string{
			"code": "Code", "name": "Organisation Name", "published": "Date Of Publication",
			"status": rapid.SampledFrom([]string{"Status", "Latest Status", "STATUS"}).Draw(t, "heading"),
		})
		var want []dspt.Row
		for _, code := range codes {
			row := dspt.Row{Code: code, Status: rapid.SampledFrom([]string{
				"Not Published", "24/25 Standards Met", "2024-25 Standards Exceeded", "Standards Not Fully Met (Plan Agreed)",
			}).Draw(t, "status")}
			fields := map[string]string{
				"code": rapid.SampledFrom([]string{code, strings.ToLower(code), " " + code}).Draw(t, "spelt"), "status": row.Status,
				"name": rapid.SampledFrom([]string{"Meadow", `M "x", Ltd`, "two\nlines", ""}).Draw(t, "name"),
			}
			if days := rapid.IntRange(-1, 3000).Draw(t, "days"); days >= 0 {
				row.PublishedOn = exportedOn.AddDays(-days)
				fields["published"] = fmt.Sprintf("%02d/%02d/%04d", row.PublishedOn.Day, row.PublishedOn.Month, row.PublishedOn.Year)
			}
			want = append(want, row)
			write(fields)
		}
		file.Flush()
		rows, err := dspt.Read(strings.NewReader(text.String()), exportedOn)
		if err != nil || !slices.Equal(rows, want) {
			t.Fatalf("read %v, %v, want %v of\n%s", rows, err, want, text.String())
		}
	})
}

func TestExportedAt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"DSPT search results 16_11_2023 10_04_31.csv":          "2023-11-16T10:04:31Z",
		"DSPT search results 01_07_2026 10_04_31 (2).csv":      "2026-07-01T09:04:31Z", // summer time
		"exports/DSPT_search_results_16_11_2023_10_04_31.csv":  "2023-11-16T10:04:31Z",
		"old dspt+search+results+16_11_2023+10_04_31.csv.copy": "2023-11-16T10:04:31Z",
		"DSPT search results 31_02_2023 10_04_31.csv":          "",
		"DSPT search results 16_11_2023.csv":                   "",
		"dspt.csv":                                             "",
	} {
		at, found := dspt.ExportedAt(name)
		got := ""
		if found {
			got = at.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

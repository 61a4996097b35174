// Package dspt reads exports of the public register of the NHS Data Security and Protection Toolkit: the CSV file that
// its page of search results offers (dsptoolkit.nhs.uk, organisation search). It reads and does not judge: what a status
// counts for is for internal/rules to say, and internal/broker/orders records it.
package dspt

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Row is what the register says of an organisation.
type Row struct {
	// Code is the canonical ODS code.
	Code string
	// Status is in the register's own words, which hscn.ParseDSPTStatus reads.
	Status string
	// PublishedOn is when the assessment was published; the zero Date where the register does not say.
	PublishedOn hscn.Date
}

// Offence is one thing that is wrong with an export.
type Offence struct {
	// Line counts from 1; the headings are usually the first.
	Line int
	// Column is the heading of the column; empty where the line as a whole is wrong.
	Column string
	// Reason continues the sentence that line and column begin.
	Reason string
}

// Where is the line, and the column where there is one: "line 17, Status".
func (o Offence) Where() string {
	where := "line " + strconv.Itoa(o.Line)
	if o.Column != "" {
		where += ", " + o.Column
	}
	return where
}

// MaxOffences is how many offences an Error names.
const MaxOffences = 100

// Error says why an export cannot be read.
type Error struct {
	// Offences are the first MaxOffences, in the order of their lines.
	Offences []Offence
	// More is how many there are besides.
	More int
}

// Error implements error.
func (e *Error) Error() string {
	first := e.Offences[0]
	text := first.Where() + " " + first.Reason
	if others := len(e.Offences) - 1 + e.More; others > 0 {
		text += fmt.Sprintf("; and %d more", others)
	}
	return text
}

// The columns that are read, each under the headings that the register has given it since its first edition, whatever
// their case. Other columns come and go and are passed over.
var columns = [...][]string{
	code:      {"Code"},
	status:    {"Status", "Latest Status"},
	published: {"Date Of Publication"},
}

// Indices of columns.
const (
	code = iota
	status
	published
)

// Read reads an export that was made on the day, in London. Codes come in any spelling, each is in the result once, and
// the result is in the order of the file. One row that cannot be read, or that says other things than an earlier one of
// the same code, makes an *Error of it, which names every such row within bounds.
func Read(export io.Reader, exportedOn hscn.Date) ([]Row, error) {
	buffered := bufio.NewReader(export)
	byteOrderMark := []byte("\uFEFF")
	if start, err := buffered.Peek(len(byteOrderMark)); err == nil && bytes.Equal(start, byteOrderMark) {
		_, _ = buffered.Discard(len(byteOrderMark)) // they were seen to be there
	}
	r := reader{csv: csv.NewReader(buffered), exportedOn: exportedOn, seen: make(map[string]seen)}
	r.csv.FieldsPerRecord = -1 // a row of another length is told by its line
	r.csv.ReuseRecord = true
	if err := r.read(); err != nil {
		return nil, err
	}
	if len(r.wrong.Offences) > 0 {
		return nil, &r.wrong
	}
	return r.rows, nil
}

// reader reads one export.
type reader struct {
	csv        *csv.Reader
	exportedOn hscn.Date
	// headings are the file's own spellings, and at is where the columns stand that are read.
	headings []string
	at       [len(columns)]int
	rows     []Row
	seen     map[string]seen
	wrong    Error
}

// seen is where a code stands.
type seen struct{ line, row int }

func (r *reader) offend(line int, column, format string, args ...any) {
	if len(r.wrong.Offences) == MaxOffences {
		r.wrong.More++
		return
	}
	r.wrong.Offences = append(r.wrong.Offences, Offence{Line: line, Column: column, Reason: fmt.Sprintf(format, args...)})
}

// read reads to the end; the error is one of reading alone.
func (r *reader) read() error {
	record, err := r.next()
	if err != nil || record == nil {
		return err
	}
	r.readHeadings(record)
	if len(r.wrong.Offences) > 0 {
		return nil // nothing below makes sense without them
	}
	for {
		record, err := r.next()
		if err != nil {
			return err
		}
		if record == nil {
			break
		}
		r.readRow(record)
	}
	if len(r.rows) == 0 && len(r.wrong.Offences) == 0 {
		r.offend(1, "", "has headings, and no row follows: an export of the register has one for each organisation")
	}
	return nil
}

// next returns the next record, nil at the end or where what follows cannot be read as CSV.
func (r *reader) next() ([]string, error) {
	record, err := r.csv.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF) && r.headings == nil:
		r.offend(1, "", "is empty: an export of the register begins with its headings")
		return nil, nil
	case errors.Is(err, io.EOF):
		return nil, nil
	case errors.As(err, &syntax):
		r.offend(syntax.StartLine, "", "is not CSV: %s at character %d of line %d; what follows was not read",
			syntax.Err, syntax.Column, syntax.Line)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read an export of the DSPT register: %w", err)
	}
	return record, nil
}

func (r *reader) readHeadings(record []string) {
	line, _ := r.csv.FieldPos(0)
	r.headings = slices.Clone(record)
	for i := range r.headings {
		r.headings[i] = strings.Join(strings.Fields(r.headings[i]), " ")
	}
	for column, wanted := range columns {
		r.at[column] = -1
		for i, heading := range r.headings {
			if !slices.ContainsFunc(wanted, func(name string) bool { return strings.EqualFold(name, heading) }) {
				continue
			}
			if first := r.at[column]; first >= 0 {
				r.offend(line, heading, "is a second column for what %q has already", cut(r.headings[first]))
				continue
			}
			r.at[column] = i
		}
		if r.at[column] < 0 {
			r.offend(line, "", "has no heading %s; those that it has are %s", quoted(wanted, " or "), quoted(r.headings, ", "))
		}
	}
}

func (r *reader) readRow(record []string) {
	line, _ := r.csv.FieldPos(0)
	if blank(record) {
		return // spreadsheets leave such rows at the end
	}
	if len(record) != len(r.headings) {
		r.offend(line, "", "has %d columns, and the headings are %d", len(record), len(r.headings))
		return
	}
	offences := len(r.wrong.Offences) + r.wrong.More
	field := func(column int) (text, heading string) {
		return strings.Join(strings.Fields(record[r.at[column]]), " "), r.headings[r.at[column]]
	}
	text, heading := field(code)
	if err := hscn.ValidateODSCode(text); err != nil {
		r.offendWord(line, heading, err)
	}
	row := Row{Code: hscn.CanonicalODSCode(text)}

	row.Status, heading = field(status)
	if _, err := hscn.ParseDSPTStatus(row.Status); err != nil {
		r.offendWord(line, heading, err)
	}

	if text, heading = field(published); text != "" {
		// As the register writes it, 30/06/2026, and as a spreadsheet may leave it, 3/6/2026: never the month first.
		day, err := time.Parse("2/1/2006", text)
		if err != nil {
			r.offend(line, heading, "%q is not a day in the form DD/MM/YYYY, such as 30/06/2026", cut(text))
		} else {
			row.PublishedOn = hscn.Date{Year: day.Year(), Month: day.Month(), Day: day.Day()}
			if row.PublishedOn.After(r.exportedOn) {
				r.offend(line, heading, "%q comes after the export, which was made on %s", text, r.exportedOn)
			}
		}
	}
	if len(r.wrong.Offences)+r.wrong.More > offences {
		return
	}

	first, again := r.seen[row.Code]
	switch {
	case !again:
		r.seen[row.Code] = seen{line: line, row: len(r.rows)}
		r.rows = append(r.rows, row)
	case r.rows[first.row] != row:
		r.offend(line, r.headings[r.at[code]], "%q is given for the second time, and line %d says something else of it: %s",
			row.Code, first.line, r.rows[first.row])
	}
}

// offendWord records what a check of one of the domain's words says.
func (r *reader) offendWord(line int, column string, err error) {
	reason := err.Error()
	if wrong := (*hscn.FormatError)(nil); errors.As(err, &wrong) {
		reason = strconv.Quote(cut(wrong.Value)) + " " + wrong.Problem
	}
	r.offend(line, column, "%s", reason)
}

// String is what the row says of its organisation: "24/25 Standards Met, published on 2025-06-20".
func (r Row) String() string {
	if r.PublishedOn.IsZero() {
		return r.Status
	}
	return r.Status + ", published on " + r.PublishedOn.String()
}

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(field string) bool { return strings.TrimSpace(field) != "" })
}

// quoted names headings, a few of them.
func quoted(headings []string, between string) string {
	const shown = 12
	names := make([]string, 0, shown)
	for _, heading := range headings[:min(shown, len(headings))] {
		names = append(names, strconv.Quote(cut(heading)))
	}
	if more := len(headings) - shown; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, between)
}

// cut keeps a value that may be as long as the file from filling an answer.
func cut(value string) string {
	const longest = 80
	if runes := []rune(value); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return value
}

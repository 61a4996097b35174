package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// show writes the value as JSON where that was asked for, and else as the text that write writes.
func (a *app) show(value any, write func()) error {
	if a.output != "json" {
		write()
		return nil
	}
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// table writes rows in columns under a heading.
func (a *app) table(heading []string, rows [][]string) {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // there is nobody to tell where standard output has gone
}

// facts writes names and values, leaving out what has no value.
func (a *app) facts(pairs ...string) {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", pairs[i], strings.ReplaceAll(pairs[i+1], "\n", " "))
		}
	}
	_ = w.Flush() // as above
}

// at is a time as England's clocks show it.
func at(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(hscn.London()).Format("2006-01-02 15:04 MST")
}

// orDash stands for what has no value in a column.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// value is what a pointer points to, or nothing.
func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

package hscn

import "bytes"

// How many bytes may stand in a file of PDF before its header ends, and after its end mark begins: readers forgive what
// mail and web servers put around it (PDF Reference, sixth edition, Adobe, 2006, appendix H, notes 13 and 18).
const (
	PDFHeaderWithin = 1024
	PDFEndWithin    = 1024
)

// HasPDFHeader reports whether a document begins as a PDF does. Of the document its first PDFHeaderWithin bytes are enough.
func HasPDFHeader(content []byte) bool {
	return bytes.Contains(content[:min(len(content), PDFHeaderWithin)], []byte("%PDF-"))
}

// HasPDFEnd reports whether a document ends as a PDF does, so that it was not cut off. What is in between is for whoever
// reads it to judge.
func HasPDFEnd(content []byte) bool {
	return bytes.Contains(content[max(0, len(content)-PDFEndWithin):], []byte("%%EOF"))
}

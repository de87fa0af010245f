package lang

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// head is how much of a file is looked at to tell whether it is a text. More may
// be wrong with the rest, and hcl says where.
const head = 512

// refuseContent says of a file that it is something else than what is written by
// people: hcl would complain about each byte of it.
func refuseContent(src []byte, path string) *hcl.Diagnostic {
	detail := ""
	switch start := src[:min(len(src), head)]; {
	case bytes.HasPrefix(src, []byte("-----BEGIN ")):
		detail = fmt.Sprintf("%q is a private key. The flag for a key is --identity; -i is for inventories.", path)
	case bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		detail = fmt.Sprintf("%q is in UTF-16. Save it in UTF-8.", path)
	case bytes.IndexByte(start, 0) >= 0:
		detail = fmt.Sprintf("%q is no text, but a program, an archive or the like.", path)
	case !utf8.Valid(wholeRunes(start)):
		detail = fmt.Sprintf("%q is no text in UTF-8. If it is a text, save it in UTF-8; line %d has what is not.", path, badLine(start))
	default:
		return nil
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Not a project file", Detail: detail}
}

// wholeRunes is b without a character that is cut at its end.
func wholeRunes(b []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-n]
			}
			break
		}
	}
	return b
}

// badLine is the line of the first byte of b that is not UTF-8.
func badLine(b []byte) int {
	line := 1
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			return line
		case r == '\n':
			line++
		}
		b = b[n:]
	}
	return line
}

// maxSyntaxErrors bounds what is said about one file that cannot be parsed: one
// quote too few makes all that follows wrong.
const maxSyntaxErrors = 20

// onlyFirst cuts what the parser says of one file.
func onlyFirst(diags hcl.Diagnostics) hcl.Diagnostics {
	if len(diags) <= maxSyntaxErrors {
		return diags
	}
	return append(diags[:maxSyntaxErrors:maxSyntaxErrors], &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Too many problems",
		Detail:   fmt.Sprintf("There are %d more mistakes in this file. Mend these first, then check again.", len(diags)-maxSyntaxErrors),
		Subject:  diags[maxSyntaxErrors].Subject,
	})
}

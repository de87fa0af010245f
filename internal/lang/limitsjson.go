package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// measureJSON refuses a source in JSON syntax that could hurt the parser: it
// counts brackets outside of strings. What stands inside of strings is measured
// as a template when it is evaluated.
func measureJSON(src []byte, filename string) hcl.Diagnostics {
	if d := checkSize(src, filename); d != nil {
		return hcl.Diagnostics{d}
	}
	depth, digits, inString, line, lineStart := 0, 0, false, 1, 0
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\n':
			line, lineStart = line+1, i+1
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		digits++
		if inString || i >= len(src) || !allDigits(string(src[i:i+1])) {
			digits = 0
		}
		if depth <= maxDepth && digits <= maxDigits {
			continue
		}
		pos := hcl.Pos{Line: line, Column: i - lineStart + 1, Byte: i}
		at := hcl.Range{Filename: filename, Start: pos, End: hcl.Pos{Line: line, Column: pos.Column + 1, Byte: i + 1}}
		if digits > maxDigits {
			return hcl.Diagnostics{numberTooLong(at)}
		}
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Nesting too deep",
			Detail:   fmt.Sprintf("Objects and arrays may nest %d deep.", maxDepth),
			Subject:  &at,
		}}
	}
	return nil
}

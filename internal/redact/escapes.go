package redact

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	letters    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	unreserved = letters + "-_.~" // RFC 3986 section 2.3
)

// percent adds s as it is in a URL. Libraries agree on what must be encoded, and
// on little else.
func (f forms) percent(s string) {
	for _, plain := range []string{
		unreserved,                      // url.QueryEscape, urllib.parse.quote(safe="")
		unreserved + "/",                // urllib.parse.quote
		unreserved + "$&+=:@",           // url.PathEscape
		unreserved + "$&+,/:;=@",        // URL.String
		unreserved + "!$&'()*+,;=:@",    // all that RFC 3986 lets a path hold
		unreserved + "!'()*",            // encodeURIComponent
		unreserved + "!'()*;/?:@&=+$,#", // encodeURI
		letters + "-_.*",                // URLEncoder and HTML forms
		letters + "-_.",                 // urlencode
	} {
		for _, digits := range []string{"0123456789ABCDEF", "0123456789abcdef"} {
			coded := percentEncode(s, plain, digits)
			f.add(coded)
			f.add(strings.ReplaceAll(coded, "%20", "+"))
		}
	}
}

// percentEncode encodes the bytes of s that are not in plain.
func percentEncode(s, plain, digits string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// shell adds s as it is in a word of a shell, without the outer quotes.
func (f forms) shell(s string) {
	f.add(strings.ReplaceAll(s, `'`, `'\''`))
	f.add(strings.ReplaceAll(s, `'`, `'"'"'`)) // shlex.quote
	f.add(alternate(s, `'\!`))                 // for any login shell, csh too
	f.add(behindBackslash(s, "\\\"$`"))        // in double quotes
	f.add(behindBackslash(s, "\\\"$`!"))

	var special strings.Builder // what printf %q escapes; other bytes than ASCII stay
	for c := byte(' '); c < 0x7f; c++ {
		if strings.IndexByte(letters+"@%+=:,./-_", c) < 0 {
			special.WriteByte(c)
		}
	}
	f.add(behindBackslash(s, special.String()))
	f.add(behindBackslash(s, special.String()+",~")) // bash from 5.0 on
	f.add(controls(behindBackslash(s, `\'`)))        // $'...', and repr
	f.add(controls(behindBackslash(s, `\`)))
}

// behindBackslash puts a backslash in front of the bytes of special.
func behindBackslash(s, special string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// alternate quotes s, but for the bytes of special, which stand outside of the
// quotes behind a backslash. The outermost quotes, which neighbors may share, are
// left out.
func alternate(s, special string) string {
	var b strings.Builder
	quoted := true
	for i := range len(s) {
		if out := strings.IndexByte(special, s[i]) >= 0; out {
			if quoted && i > 0 {
				b.WriteByte('\'')
			}
			b.WriteByte('\\')
			quoted = false
		} else if !quoted {
			b.WriteByte('\'')
			quoted = true
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// controls writes line ends and tabs as escapes.
func controls(s string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
}

// json adds s as it is in a string of JSON or of a program.
func (f forms) json(s string) {
	for _, style := range []jsonStyle{{}, {html: true}, {ascii: true}, {ascii: true, html: true}, {ascii: true, upper: true}} {
		coded := style.escape(s)
		f.add(coded)
		f.add(strings.ReplaceAll(coded, "/", `\/`))
	}
}

// A jsonStyle says which characters are written as \uXXXX though they need not
// be, and how.
type jsonStyle struct{ html, ascii, upper bool }

func (j jsonStyle) escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteByte(s[i])
		case r < ' ' && strings.ContainsRune("\n\r\t\b\f", r):
			b.WriteString(map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}[r])
		case r < ' ', j.html && strings.ContainsRune("<>&\u2028\u2029", r), j.ascii && r > 0x7e && n > 1:
			j.code(&b, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// code writes r as \uXXXX, or as two of them.
func (j jsonStyle) code(b *strings.Builder, r rune) {
	format := `\u%04x`
	if j.upper {
		format = `\u%04X`
	}
	if r > 0xffff {
		r -= 0x10000
		fmt.Fprintf(b, format, 0xd800+(r>>10))
		r = 0xdc00 + r&0x3ff
	}
	fmt.Fprintf(b, format, r)
}

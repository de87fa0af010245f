package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"fleet/pool"
)

var samples = []string{
	"abcd", "s3cret", "it's a \\ secret!", `a"b$c` + "`d", "päss wörd/+?", "pass&<word>=%", "x\ty z~*()",
	"line one\nline two\nend", "dos one\r\ndos two", "\U0001f511key", "''!!", strings.Repeat("long", 60),
}

// encoders write a secret as programs do; the result ends and begins anywhere.
func encoders() map[string]func(string) string {
	jsonWith := func(html bool) func(string) string {
		return func(s string) string {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(html)
			_ = e.Encode(s)
			return strings.TrimSpace(b.String())
		}
	}
	return map[string]func(string) string{
		"raw":          func(s string) string { return s },
		"CRLF":         func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n") },
		"base64":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base64 raw":   func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
		"base64url":    func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
		"base64urlraw": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
		"hex":          func(s string) string { return hex.EncodeToString([]byte(s)) },
		"HEX":          func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
		"query":        url.QueryEscape,
		"path":         url.PathEscape,
		"query lower":  func(s string) string { return lowerHex(url.QueryEscape(s)) },
		"path lower":   func(s string) string { return lowerHex(url.PathEscape(s)) },
		"URL's path":   func(s string) string { return (&url.URL{Path: "/" + s}).EscapedPath() },
		"shell":        pool.Quote,
		"JSON":         jsonWith(true),
		"JSON plain":   jsonWith(false),
	}
}

func lowerHex(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

func TestEveryFormIsMasked(t *testing.T) {
	for _, secret := range samples {
		r := New(secret)
		for name, encode := range encoders() {
			for _, around := range []string{"", " ", "<", "\n"} {
				text := around + encode(secret) + around
				got := r.String(text)
				want := around + Mark + around
				if got != want && got != around+`"`+Mark+`"`+around && got != around+`'`+Mark+`'`+around && got != around+"/"+Mark+around {
					t.Errorf("%q as %s: %q became %q", secret, name, text, got)
				}
			}
		}
	}
}

// What other programs than Go's write.
func TestFormsOfOtherLanguages(t *testing.T) {
	tests := []struct{ secret, text, want string }{
		{"it's me", `'it'"'"'s me'`, `'(sensitive)'`},                       // shlex.quote
		{"it's me!", `it\'s\ me\!`, `(sensitive)`},                          // printf %q
		{"it's me!", `'it'\''s me'\!`, `'(sensitive)`},                      // quoted for csh
		{"a$b\"c`d", "\"a\\$b\\\"c\\`d\"", `"(sensitive)"`},                 // declare -p
		{"tab\tit's", `$'tab\tit\'s'`, `$'(sensitive)'`},                    // set -x
		{`back\slash's`, `"back\\slash's"`, `"(sensitive)"`},                // repr
		{"päss wörd", `"p\u00e4ss w\u00f6rd"`, `"(sensitive)"`},             // json.dumps
		{"päss wörd", `"p\u00E4ss w\u00F6rd"`, `"(sensitive)"`},             // JSON of others
		{"key \U0001f511", `"key \ud83d\udd11"`, `"(sensitive)"`},           // json.dumps
		{"a/b/c/d", `"a\/b\/c\/d"`, `"(sensitive)"`},                        // json_encode
		{"it's (me)!*", `it's%20(me)!*`, `(sensitive)`},                     // encodeURIComponent
		{"p@ss/w:rd", `p%40ss/w%3Ard`, `(sensitive)`},                       // urllib.parse.quote
		{"p~ss w*rd", `p%7Ess+w*rd`, `(sensitive)`},                         // URLEncoder
		{"p@ss w?rd", `p@ss%20w?rd`, `(sensitive)`},                         // encodeURI
		{strconv.Quote(`say "x"`), strconv.Quote(`say "x"`), `(sensitive)`}, // the secret is quoted itself
	}
	for _, tt := range tests {
		if got := New(tt.secret).String(tt.text); got != tt.want {
			t.Errorf("%q in %q: %q, want %q", tt.secret, tt.text, got, tt.want)
		}
	}
}

func TestEachLineOfASecretIsASecret(t *testing.T) {
	secret := "-----BEGIN KEY-----\nAAAAbbbbCCCC\n  indented line\nshort\n-----END KEY-----\n"
	tests := []struct{ text, want string }{
		{secret, Mark + "\n"},
		{strings.ReplaceAll(secret, "\n", "\r\n"), Mark + "\r\n"},
		{"key: AAAAbbbbCCCC", "key: " + Mark},
		{"> AAAAbbbbCCCC\n> indented line\n> short\n", "> " + Mark + "\n> " + Mark + "\n> short\n"},
		{"-----BEGIN KEY-----\nanother\n-----END KEY-----\n", "-----BEGIN KEY-----\nanother\n-----END KEY-----\n"},
		{base64.StdEncoding.EncodeToString([]byte("indented line")), Mark},
	}
	for _, tt := range tests {
		if got := New(secret).String(tt.text); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
		}
	}
}

// What "sed 's/^/  /'" and its like make of a key.
func TestAKeyIsMaskedLineByLine(t *testing.T) {
	der := make([]byte, 300)
	for i := range der {
		der[i] = byte(i * i * 31)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	lines := strings.Split(strings.TrimSpace(key), "\n")
	for _, indent := range []string{"  ", "\t", "> ", "host1: "} {
		got := New(key).String(indent + strings.Join(lines, "\n"+indent))
		for _, line := range lines[1 : len(lines)-1] {
			if strings.Contains(got, line) {
				t.Errorf("%q is in %q", line, got)
			}
		}
		if !strings.Contains(got, indent+lines[0]+"\n") {
			t.Errorf("the first line is not in %q", got)
		}
	}
}

func TestALongSecretIsMaskedInPieces(t *testing.T) {
	var b strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&b, "%x.", i*i)
	}
	secret := b.String()
	r := New(secret)
	if got := r.String("<" + secret + ">"); got != "<"+Mark+">" {
		t.Errorf("%.100q", got)
	}
	if got := r.String(inLines(base64.StdEncoding.EncodeToString([]byte(secret)), 76, "\n")); got != Mark {
		t.Errorf("%.100q", got)
	}
	if s := r.Stream(); len(s.Write([]byte(secret)))+2*2*pieceMax < len(Mark) || len(s.held) > 2*2*pieceMax {
		t.Errorf("%d bytes are held back", len(s.held))
	}
}

func TestShortSecretsAreNotMasked(t *testing.T) {
	r := New("", "a", "abc", "abc\n")
	if got := r.String("abc YWJj a"); got != "abc YWJj a" || r.automaton() != nil {
		t.Errorf("got %q", got)
	}
}

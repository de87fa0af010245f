// Package redact keeps secrets out of what is shown: it puts "(sensitive)" in
// place of every form of every secret, in texts, in streams and in events.
//
// # The model
//
// A [Redactor] knows secrets; more may be added at any time, for a password may
// be typed while hosts are at work. Each secret becomes a set of forms, the ways
// in which programs write it down:
//
//   - as it is, with LF and with CRLF between its lines;
//   - in base64, with either alphabet, with and without padding, and as a part of
//     something longer: the characters at the edges, in which bits of its
//     neighbors are mixed in, are masked with it;
//   - in hexadecimal, all in lower or all in upper case;
//   - percent-encoded as in a query, in a path and by the usual libraries, in
//     upper and lower case;
//   - in single quotes, in double quotes and behind backslashes, as shells,
//     Python and printf %q write it;
//   - as the text of a JSON string, plain ASCII or not.
//
// Of a secret of several lines each line of at least 8 bytes is a secret, too,
// but for the first and last line of a PEM block. Secrets of fewer than
// [MinLength] bytes are not masked: they would blot out half of every output.
//
// All forms are looked for at once, by an automaton (Aho and Corasick, 1975),
// with the skips of Wu and Manber where no form can begin. Where forms overlap or
// touch, all of them are replaced together, by one mark.
//
// This is a guard against accidents. Whoever runs a command that wants to smuggle
// a secret out can write it backwards.
//
// # Lines
//
// Base64 and hexadecimal may be broken into lines (LF, CRLF or CR), of any length
// from 16 characters on. So where a line break follows at least so many base64
// characters, the automaton is also followed as if there were no break: by a
// second state, until the first one has come to the same. The skips are
// shorter by what line breaks may add to a window, and never leap over a form.
//
// # Streams
//
// A [Stream] holds back only bytes that may be the beginning of a form, so that
// prompts and lines pass at once, but for the last character of an unfinished line
// where it may be the edge of base64; what comes out does not depend on
// how the input was cut.
//
// # Ownership and concurrency
//
// A Redactor is safe for concurrent use, and a nil one masks nothing. A Stream
// belongs to one goroutine at a time. Data without secrets is handed on as it is,
// without a copy.
package redact

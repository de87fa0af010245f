// Package term knows terminals: whether there is one and how wide it is, when
// to use color and a live display, how to ask a question, and how to print
// bytes that came from somewhere else.
//
// # The model
//
// Bytes from a remote host are hostile until shown otherwise: they can retitle
// a window, write to the clipboard, overwrite another host's lines, or answer
// on the user's behalf. A [Sanitizer] stands between one stream of one host and
// the terminal; it lets text, tabs, line breaks and colors through and makes
// everything else visible or drops it. [Clean] does the same for a short text
// that must stay on one line, such as an error, a banner line or a file name.
//
// Questions go to the terminal device and never to standard input or output,
// so that both stay usable in a pipe.
//
// # Concurrency
//
// A Sanitizer belongs to one stream and is not safe for concurrent use. All
// functions are. The package imports nothing of the project.
package term

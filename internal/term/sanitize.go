package term

import (
	"bytes"
	"unicode/utf8"
)

const (
	esc = 0x1b
	// maxCSI bounds a control sequence; real color changes are below 40 bytes.
	maxCSI = 64
	// maxString bounds a title, link or other string that is removed. What is
	// longer, or has no end on its line, is shown instead: a host must not be
	// able to make output vanish by opening a string.
	maxString = 4 << 10
)

// reset ends every color and attribute.
const reset = "\x1b[0m"

// A Sanitizer makes the bytes of one stream safe for a terminal, across any
// chunk borders. Its output holds printable text, tabs, newlines and
// well-formed color sequences (SGR), nothing else:
//
//   - \r\n is \n; a lone \r ends the line, so that each state of a progress bar
//     is a line of its own and none can overwrite what stands before it;
//   - titles, links, clipboard writes and other strings (OSC, DCS, APC, PM,
//     SOS) are removed, as are erase-in-line and the return to ASCII, which
//     grep and tput print along with colors;
//   - every other control byte is shown, as ^G or ^[, C1 controls, bidi
//     overrides and invisible format characters as <U+202E>, and bytes that are
//     not UTF-8 as \x9b;
//   - a color ends with its line.
//
// The zero value is ready to use.
type Sanitizer struct {
	// StripColor removes color sequences too.
	StripColor bool

	held    []byte // an unfinished sequence or rune
	colored bool   // a color is in force
	text    bool   // the current line has text
	broke   bool   // the last line break came from \r: a \n right after it is the same one
}

// Append appends the safe form of src to dst.
func (s *Sanitizer) Append(dst, src []byte) []byte {
	for len(src) > 0 {
		if len(s.held) > 0 {
			dst = s.resume(dst, src[0])
			src = src[1:]
			continue
		}
		if n := plainLen(src); n > 0 {
			dst = s.plain(dst, src[:n])
			src = src[n:]
			continue
		}
		if src[0] >= utf8.RuneSelf {
			if !utf8.FullRune(src) {
				s.held = append(s.held, src...)
				return dst
			}
			r, n := utf8.DecodeRune(src)
			dst = s.visible(appendRune(dst, src[:n], r))
			src = src[n:]
			continue
		}
		dst = s.control(dst, src[0])
		src = src[1:]
	}
	return dst
}

// Flush appends what an unfinished sequence comes to at the end of the stream,
// and ends a color that is in force.
func (s *Sanitizer) Flush(dst []byte) []byte {
	for len(s.held) > 0 {
		if s.held[0] == esc {
			dst = s.refuse(dst)
			continue
		}
		for _, b := range s.held {
			dst = s.visible(appendHex(dst, b))
		}
		s.held = nil
	}
	if s.colored {
		dst = append(dst, reset...)
		s.colored = false
	}
	return dst
}

// plain appends printable ASCII, tabs and newlines.
func (s *Sanitizer) plain(dst, p []byte) []byte {
	if s.broke {
		s.broke = false
		if p[0] == '\n' {
			p = p[1:]
		}
	}
	for s.colored && len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		dst = append(dst, p[:i]...)
		dst = s.newline(dst)
		p = p[i+1:]
	}
	if len(p) > 0 {
		dst = append(dst, p...)
		s.text = p[len(p)-1] != '\n'
	}
	return dst
}

func (s *Sanitizer) newline(dst []byte) []byte {
	if s.colored {
		dst = append(dst, reset...)
		s.colored = false
	}
	s.text = false
	return append(dst, '\n')
}

// visible notes that the line has text, which its caller just appended.
func (s *Sanitizer) visible(dst []byte) []byte {
	s.text, s.broke = true, false
	return dst
}

// control handles a control byte other than \n and \t.
func (s *Sanitizer) control(dst []byte, b byte) []byte {
	switch b {
	case esc:
		s.held = append(s.held, b)
		return dst
	case '\r':
		if s.text {
			dst = s.newline(dst)
			s.broke = true
		}
		return dst
	default:
		return s.visible(appendCaret(dst, b))
	}
}

// resume adds b to what is held and settles it if that completes it.
func (s *Sanitizer) resume(dst []byte, b byte) []byte {
	s.held = append(s.held, b)
	if s.held[0] != esc {
		return s.resumeRune(dst)
	}
	switch judge(s.held) {
	case more:
		return dst
	case drop:
	case color:
		if !s.StripColor {
			dst = append(dst, s.held...)
			s.colored = !isReset(s.held)
		}
	case refuse:
		return s.refuse(dst)
	}
	s.release()
	return dst
}

func (s *Sanitizer) resumeRune(dst []byte) []byte {
	if !utf8.FullRune(s.held) {
		return dst
	}
	var buf [utf8.UTFMax]byte
	p := buf[:copy(buf[:], s.held)]
	s.release()
	r, n := utf8.DecodeRune(p)
	dst = s.visible(appendRune(dst, p[:n], r))
	return s.Append(dst, p[n:])
}

// refuse shows the ESC of what is held, and takes the rest as ordinary bytes.
func (s *Sanitizer) refuse(dst []byte) []byte {
	rest := append([]byte(nil), s.held[1:]...)
	s.release()
	dst = s.visible(appendCaret(dst, esc))
	return s.Append(dst, rest)
}

func (s *Sanitizer) release() {
	if cap(s.held) > maxCSI {
		s.held = nil
	}
	s.held = s.held[:0]
}

// MidLine tells whether the current line has text so far.
func (s *Sanitizer) MidLine() bool { return s.text }

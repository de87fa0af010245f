package term

import "encoding/binary"

// A verdict is what an escape sequence, as far as it was read, comes to.
type verdict int

const (
	more   verdict = iota // cannot be told yet
	drop                  // complete, harmless without effect: remove it
	color                 // a complete SGR sequence
	refuse                // not ours to pass on: show it
)

// judge looks at a sequence that begins with ESC, after each further byte
// (ECMA-48 section 5.4 for CSI, 5.6 for strings).
func judge(seq []byte) verdict {
	if len(seq) < 2 {
		return more
	}
	last := seq[len(seq)-1]
	switch seq[1] {
	case '[':
		return judgeCSI(seq, last)
	case ']', 'P', 'X', '^', '_':
		return judgeString(seq, last)
	case '(':
		// ESC ( B selects ASCII; tput sgr0 prints it before ESC [ m.
		if len(seq) == 2 {
			return more
		}
		if last == 'B' {
			return drop
		}
	}
	return refuse
}

func judgeCSI(seq []byte, last byte) verdict {
	switch {
	case len(seq) == 2:
		return more
	case last >= 0x20 && last <= 0x3f && len(seq) < maxCSI:
		return more
	case last == 'K':
		return drop
	case last == 'm' && isSGR(seq[2:len(seq)-1]):
		return color
	default:
		return refuse
	}
}

// isSGR tells color parameters from the private sequences that end in m too,
// such as ESC [ > 4 ; 2 m, which reprograms the keyboard.
func isSGR(params []byte) bool {
	for _, b := range params {
		if (b < '0' || b > '9') && b != ';' && b != ':' {
			return false
		}
	}
	return true
}

func isReset(sgr []byte) bool {
	p := string(sgr[2 : len(sgr)-1])
	return p == "" || p == "0" || p == "00"
}

func judgeString(seq []byte, last byte) verdict {
	switch {
	case len(seq) == 2:
		return more
	case last == 0x07:
		return drop
	case len(seq) > 3 && seq[len(seq)-2] == esc:
		if last == '\\' {
			return drop
		}
		return refuse
	case last == '\n', last == '\r', len(seq) >= maxString:
		return refuse
	default:
		return more
	}
}

// plainLen is the number of leading bytes of p that need no attention:
// printable ASCII, tab and newline. It looks at eight bytes at a time, since
// nearly all output is nothing else.
func plainLen(p []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	i := 0
	for i < len(p) {
		for i+8 <= len(p) {
			x := binary.LittleEndian.Uint64(p[i:])
			// A byte is printable ASCII when it is 0x20 or more, is not
			// 0x7f, and has no high bit. The subtraction may borrow from
			// a neighbor, which costs a second look, never a miss.
			if (x|(x-ones*0x20)|(x+ones))&highs != 0 {
				break
			}
			i += 8
		}
		end := min(i+8, len(p))
		for ; i < end; i++ {
			if b := p[i]; (b < 0x20 && b != '\n' && b != '\t') || b >= 0x7f {
				return i
			}
		}
	}
	return i
}

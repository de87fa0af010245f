package nodeset

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxSize is the largest number of names an expression may stand for, counting
// repeated ones.
const MaxSize = 1_000_000

// maxName bounds the length of a name in bytes. It is the limit of DNS, and it
// is what keeps a padding of a million zeros harmless.
const maxName = 255

// A pattern is a name with brackets: text and lists of numbers in turn. It is
// counted when it is parsed, and expanded only when asked for.
type pattern struct {
	text []string // one more than lists
	list [][]span
	size int // names it stands for, counting repeated ones
}

// A span is a range of numbers or, where text is set, a single one.
type span struct {
	text     string
	lo, step int64
	count    int64
	width    int
}

// A flaw is a mistake at a byte offset.
type flaw struct {
	at        int
	msg, hint string
}

// parsePattern reads s, whose brackets are known to be closed.
func parsePattern(s string) (*pattern, *flaw) {
	p := &pattern{size: 1}
	length, at := 0, 0
	for {
		open := strings.IndexByte(s[at:], '[')
		if open < 0 {
			p.text = append(p.text, s[at:])
			length += len(s) - at
			break
		}
		open += at
		end := open + strings.IndexByte(s[open:], ']')
		spans, n, longest, f := parseList(s[open+1:end], open+1)
		if f != nil {
			return nil, f
		}
		// Neither factor is above MaxSize, so this cannot overflow.
		if n*int64(p.size) > MaxSize {
			return nil, tooMany(open)
		}
		p.size *= int(n)
		p.text = append(p.text, s[at:open])
		p.list = append(p.list, spans)
		length += open - at + longest
		if length > maxName {
			break
		}
		at = end + 1
	}
	if length > maxName {
		return nil, &flaw{0, fmt.Sprintf("a name would be longer than %d bytes", maxName), ""}
	}
	return p, nil
}

func tooMany(at int) *flaw {
	return &flaw{at, "this would be more than " + strconv.Itoa(MaxSize) + " names", "look for a digit too many"}
}

// parseList reads what is between brackets. It returns how many numbers there
// are, at most MaxSize, and the length of the longest.
func parseList(s string, base int) (list []span, n int64, longest int, f *flaw) {
	for {
		item, rest, more := strings.Cut(s, ",")
		sp, f := parseSpan(item)
		if f != nil {
			f.at += base
			return nil, 0, 0, f
		}
		if n += sp.count; n > MaxSize {
			return nil, 0, 0, tooMany(base)
		}
		list = append(list, sp)
		longest = max(longest, sp.longest())
		if !more {
			return list, n, longest, nil
		}
		base += len(item) + 1
		s = rest
	}
}

// parseSpan reads "7", "01-10" or "0-8/2", with white space around the numbers.
func parseSpan(s string) (span, *flaw) {
	bounds, stepText, stepped := strings.Cut(s, "/")
	loText, hiText, ranged := strings.Cut(bounds, "-")
	loText, hiText, stepText = strings.TrimSpace(loText), strings.TrimSpace(hiText), strings.TrimSpace(stepText)
	switch {
	case strings.TrimSpace(s) == "":
		return span{}, &flaw{0, "a number is missing in the brackets", "write n[1-3] or n[1,5]"}
	case strings.Contains(s, ":"):
		return span{}, &flaw{0, fmt.Sprintf("%q is not a number or a range", clip(s)), "write an IPv6 address without brackets"}
	case !isNumber(loText) || ranged && !isNumber(hiText) || stepped && !isNumber(stepText):
		return span{}, &flaw{0, fmt.Sprintf("%q is not a number or a range", clip(s)), "brackets hold numbers, as in n[1-3,7] or n[0-8/2]; for any text use * or ?"}
	case stepped && !ranged:
		return span{}, &flaw{0, fmt.Sprintf("%q has a step but no range", clip(s)), "write n[0-8/2]"}
	case !ranged:
		return span{text: loText, count: 1}, nil
	}
	lo, loOK := number(loText)
	hi, hiOK := number(hiText)
	step, stepOK := int64(1), true
	if stepped {
		step, stepOK = number(stepText)
	}
	switch {
	case !loOK || !hiOK || !stepOK:
		return span{}, &flaw{0, fmt.Sprintf("a number in %q is too large", clip(s)), ""}
	case lo > hi:
		return span{}, &flaw{0, fmt.Sprintf("the range %q runs backwards", clip(s)), "write the smaller number first"}
	case step == 0:
		return span{}, &flaw{0, fmt.Sprintf("the step in %q is zero", clip(s)), "a step is 1 or more"}
	}
	return span{lo: lo, step: step, count: (hi-lo)/step + 1, width: len(loText)}, nil
}

func isNumber(s string) bool { return s != "" && len(digits(s)) == len(s) }

// clip shortens what is quoted in a message.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}

// longest returns the length of the longest number of the span.
func (sp span) longest() int {
	if sp.text != "" {
		return len(sp.text)
	}
	return max(sp.width, len(strconv.FormatInt(sp.lo+(sp.count-1)*sp.step, 10)))
}

// appendNames appends the names p stands for to names, in the order written.
func (p *pattern) appendNames(names []string) []string {
	var walk func(depth int, prefix []byte)
	walk = func(depth int, prefix []byte) {
		prefix = append(prefix, p.text[depth]...)
		if depth == len(p.list) {
			names = append(names, string(prefix))
			return
		}
		for _, sp := range p.list[depth] {
			for i := range sp.count {
				walk(depth+1, sp.append(prefix, i))
			}
		}
	}
	walk(0, make([]byte, 0, maxName))
	return names
}

// append appends the i-th number of the span.
func (sp span) append(b []byte, i int64) []byte {
	if sp.text != "" {
		return append(b, sp.text...)
	}
	var buf [20]byte
	num := strconv.AppendInt(buf[:0], sp.lo+i*sp.step, 10)
	for range sp.width - len(num) {
		b = append(b, '0')
	}
	return append(b, num...)
}

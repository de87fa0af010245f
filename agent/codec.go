package agent

import (
	"encoding/binary"
	"errors"
	"time"
)

// A codec walks over the fields of a message and writes them to out, or reads them
// from in: one walk serves both directions, so that they cannot differ. Text is
// any bytes, because scripts, file names and passwords are; a missing list is told
// from an empty one, because some of them mean something else.
type codec struct {
	out     []byte
	in      []byte
	listed  int // elements of lists so far
	reading bool
	depth   int
	err     error // the first; what is read afterwards is zero
}

var errMessage = errors.New("a message of the agent cannot be read")

// maxDepth bounds what is nested: jump hosts of jump hosts, errors in errors.
const maxDepth = 32

// maxListed bounds the elements of all lists of a message: one that is a byte on the
// way takes many in memory.
const maxListed = 4 << 20

// encode returns prefix with what walk writes.
func encode(prefix []byte, walk func(*codec)) []byte {
	x := &codec{out: prefix}
	walk(x)
	return x.out
}

// decode reads all of p.
func decode(p []byte, walk func(*codec)) error {
	x := &codec{in: p, reading: true}
	walk(x)
	if x.err == nil && len(x.in) > 0 {
		x.err = errMessage
	}
	return x.err
}

func (x *codec) fail() {
	x.err, x.in = errMessage, nil
}

// number is an integer, in the variable length of encoding/binary.
func (x *codec) number(n *int64) {
	if !x.reading {
		x.out = binary.AppendVarint(x.out, *n)
		return
	}
	var u uint64
	for i := 0; i < len(x.in) && i < binary.MaxVarintLen64; i++ {
		b := x.in[i]
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			x.in = x.in[i+1:]
			*n = int64(u>>1) ^ -int64(u&1)
			return
		}
	}
	x.fail()
	*n = 0
}

func (x *codec) integer(n *int) {
	v := int64(*n)
	if x.number(&v); x.reading { // what is written may be shared
		*n = int(v)
	}
}

func (x *codec) duration(d *time.Duration) { x.number((*int64)(d)) }

func (x *codec) flag(b *bool) {
	n := 0
	if *b {
		n = 1
	}
	if x.integer(&n); x.reading {
		*b = n == 1
	}
}

// text is a copy of its own when read: who keeps a target keeps neither the script
// nor the passwords that came with it.
func (x *codec) text(s *string) {
	n := len(*s)
	x.integer(&n)
	switch {
	case !x.reading:
		x.out = append(x.out, *s...)
	case n < 0 || n > len(x.in):
		x.fail()
		*s = ""
	default:
		*s, x.in = string(x.in[:n]), x.in[n:]
	}
}

// length is that of a list, or -1 where there is none.
func (x *codec) length(n int, missing bool) int {
	if missing {
		n = -1
	}
	x.integer(&n)
	if !x.reading || n < 0 {
		return n
	}
	if n > len(x.in) || n > maxListed-x.listed { // an element takes a byte at least
		x.fail()
		return -1
	}
	x.listed += n
	return n
}

func (x *codec) texts(list *[]string) {
	n := x.length(len(*list), *list == nil)
	if x.reading {
		*list = nil
		if n >= 0 {
			*list = make([]string, n)
		}
	}
	for i := range *list {
		x.text(&(*list)[i])
	}
}

// nested walks over something that may hold more of its kind.
func (x *codec) nested(walk func()) {
	if x.depth++; x.depth > maxDepth {
		x.fail()
	} else {
		walk()
	}
	x.depth--
}

package output

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// maxLine bounds how much of an unfinished line is held back so that it
	// is printed in one piece.
	maxLine = 1 << 20
	// maxHeld bounds all unfinished lines of a run together: beyond it, long
	// ones are printed in pieces.
	maxHeld = 32 << 20
	// smallLine is what an unfinished line may always hold.
	smallLine = 4 << 10
	// maxPooled is the largest buffer kept for later.
	maxPooled = 512 << 10
)

// A lineBuffer cuts one stream of one host into whole lines. Its owner guards
// it.
type lineBuffer struct {
	held []byte // an unfinished line
	// total counts the bytes held in a run.
	total *atomic.Int64
	// cut ends a piece of a line that is printed before the line is whole.
	cut string
}

// append appends to dst the lines that p completes, each behind prefix. A line
// that is too long to hold is continued behind another prefix: no byte of it is
// lost, and no other host's text can get into it.
func (l *lineBuffer) append(dst, prefix, p []byte) []byte {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end > 0 {
		dst = l.whole(dst, prefix, p[:end])
		p = p[end:]
	}
	if len(p) == 0 {
		return dst
	}
	n := len(l.held) + len(p)
	if n > maxLine || l.total.Add(int64(len(p))) > maxHeld && n > smallLine {
		if n <= maxLine {
			l.total.Add(-int64(len(p)))
		}
		dst = append(dst, prefix...)
		dst = append(append(dst, l.held...), p...)
		l.release()
		return append(dst, l.cut...)
	}
	l.held = append(l.held, p...)
	return dst
}

// whole appends p, which ends in a newline.
func (l *lineBuffer) whole(dst, prefix, p []byte) []byte {
	if len(prefix) == 0 {
		dst = append(dst, l.held...)
		l.release()
		return append(dst, p...)
	}
	dst = slices.Grow(dst, len(l.held)+len(p)+len(prefix)*bytes.Count(p, newline))
	dst = append(append(dst, prefix...), l.held...)
	l.release()
	for {
		i := bytes.IndexByte(p, '\n') + 1
		dst = append(dst, p[:i]...)
		p = p[i:]
		if len(p) == 0 {
			return dst
		}
		dst = append(dst, prefix...)
	}
}

// flush appends an unfinished line and ends it.
func (l *lineBuffer) flush(dst, prefix []byte) []byte {
	if len(l.held) == 0 {
		return dst
	}
	dst = append(append(append(dst, prefix...), l.held...), '\n')
	l.release()
	return dst
}

func (l *lineBuffer) release() {
	if len(l.held) == 0 {
		return
	}
	l.total.Add(-int64(len(l.held)))
	if cap(l.held) > smallLine {
		l.held = nil
	}
	l.held = l.held[:0]
}

var newline = []byte{'\n'}

// buffers lends byte slices to formatters.
type buffers struct{ pool sync.Pool }

func (b *buffers) take() *[]byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		*p = (*p)[:0]
		return p
	}
	return new([]byte)
}

func (b *buffers) give(p *[]byte) {
	if cap(*p) <= maxPooled {
		b.pool.Put(p)
	}
}

package childproc

import "slices"

// A head keeps the beginning of what is written, and says when there is more.
type head struct {
	kept []byte
	most int
	full func()
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), h.most-len(h.kept))
	if need := len(h.kept) + n; need > cap(h.kept) {
		// Four times the size each time: of a large output most of the time goes
		// into new pages, and those that are not written to cost nothing.
		h.kept = slices.Grow(h.kept, min(max(4*cap(h.kept), need), h.most)-len(h.kept))
	}
	h.kept = append(h.kept, p[:n]...)
	if n < len(p) {
		h.full()
		return n, ErrTooMuch
	}
	return n, nil
}

// maxTail is how much a tail keeps.
const maxTail = 4 << 10

// A tail keeps the end of what is written.
type tail struct {
	kept []byte
	cut  bool // there was more
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if over := len(t.kept) + len(p) - maxTail; over > 0 {
		t.cut = true
		first := min(over, len(t.kept))
		t.kept = append(t.kept[:0], t.kept[first:]...)
		p = p[over-first:]
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

package output

// A document is a long text on its way to standard output, in pieces, so that
// it is never in memory as a whole.
type document struct {
	p      *pages
	escape func([]byte, rune) []byte // for terminals; nil if it is not needed
	buf    []byte
	safe   []byte
	err    error

	checked place // see isText
	wasText bool
	known   bool
}

const documentPiece = 64 << 10

func newDocument(p *pages, escape func([]byte, rune) []byte) *document {
	d := &document{p: p}
	if p.cfg.Stdout.sanitize() {
		d.escape = escape
	}
	return d
}

func (d *document) text(s string) {
	d.buf = append(d.buf, s...)
}

func (d *document) bytes(p []byte) { d.buf = append(d.buf, p...) }

// Write is part of io.Writer.
func (d *document) Write(p []byte) (int, error) {
	d.bytes(p)
	return len(p), d.spare()
}

// each calls fn with the content at p. After a failure it does nothing.
func (d *document) each(p place, fn func([]byte) error) {
	if d.err == nil {
		d.err = d.p.store.read(p, fn)
	}
}

// spare prints what has gathered once it is enough for a write.
func (d *document) spare() error {
	if len(d.buf) < documentPiece {
		return nil
	}
	return d.flush()
}

// flush prints all but a character that is still incomplete.
func (d *document) flush() error {
	n := len(d.buf) - unfinished(d.buf)
	p := d.buf[:n]
	if d.escape != nil {
		d.safe = escapeHidden(d.safe[:0], p, d.escape)
		p = d.safe
	}
	d.p.screen.stdout(p)
	d.buf = append(d.buf[:0], d.buf[n:]...)
	if d.err == nil && d.p.screen.gone.Load() {
		d.err = errGone
	}
	return d.err
}

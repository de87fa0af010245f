package redact

import (
	"io"
	"maps"
	"sync"
	"sync/atomic"
)

// Mark is what stands in place of a secret.
const Mark = "(sensitive)"

// MinLength is the length in bytes from which on a secret is masked.
const MinLength = 4

// A Redactor masks secrets. Its zero value knows none; a nil one masks nothing.
type Redactor struct {
	current atomic.Pointer[automaton] // nil where there is nothing to look for

	mu    sync.Mutex      // makes additions one after the other
	known map[string]kind // the patterns of current; guarded by mu
}

// New makes a Redactor that knows secrets.
func New(secrets ...string) *Redactor {
	r := new(Redactor)
	r.Add(secrets...)
	return r
}

// Add makes more secrets known, from the next byte on that anybody masks. It is
// cheaper to add many at one time.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := maps.Clone(r.known)
	if all == nil {
		all = make(map[string]kind)
	}
	for _, s := range secrets {
		addForms(all, s)
	}
	if !maps.Equal(all, r.known) {
		r.known = all
		r.current.Store(build(all))
	}
}

// automaton is what looks for the secrets, or nil where there are none.
func (r *Redactor) automaton() *automaton {
	if r == nil {
		return nil
	}
	return r.current.Load()
}

// String masks the secrets in a text that is complete.
func (r *Redactor) String(s string) string {
	a := r.automaton()
	if a == nil || s == "" {
		return s
	}
	text := []byte(s)
	found := new(cursor).scan(a, text, 0, nil)
	if len(found) == 0 {
		return s
	}
	masked := make([]byte, 0, len(text))
	at := 0
	for _, f := range found {
		masked = append(append(masked, text[at:f.from]...), Mark...)
		at = f.to
	}
	return string(append(masked, text[at:]...))
}

// Writer masks what is written to w. Each Write is taken for a complete text,
// such as a line of a log: nothing is held back.
func (r *Redactor) Writer(w io.Writer) io.Writer { return &writer{r, w} }

type writer struct {
	redactor *Redactor
	to       io.Writer
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	if w.redactor.automaton() == nil {
		return w.to.Write(p)
	}
	if _, err := io.WriteString(w.to, w.redactor.String(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fleet/transport"
)

// Preload loads what the targets and their jump hosts need and asks for all
// passphrases, so that no question comes up while a server waits, and a key file
// that no login could use is known before anything begins. The error tells each
// such file once, a line for each; or it is that of ctx.
func (s *Store) Preload(ctx context.Context, targets []transport.Target) error {
	p := preloader{store: s, seen: make(map[string]bool)}
	for i := range targets {
		p.load(ctx, &targets[i])
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	// Nobody wants to type a passphrase first, and to hear of a mistake then.
	if err := p.err(); err != nil {
		return err
	}
	for _, l := range p.logins {
		l.askAhead()
	}
	return context.Cause(ctx)
}

// A preloader prepares one login for all targets that offer the same keys.
type preloader struct {
	store  *Store
	seen   map[string]bool
	logins []*Login
	wrong  []string // what is wrong with key files, each once
}

func (p *preloader) load(ctx context.Context, t *transport.Target) {
	for i := range t.Jump {
		p.load(ctx, &t.Jump[i])
	}
	key := loginKey(&t.Login)
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	l, err := p.store.Login(ctx, t)
	if err == nil {
		p.logins = append(p.logins, l)
		return
	}
	text := err.Error()
	if e, ok := errors.AsType[*transport.Error](err); ok {
		text = e.Err.Error() // whose login it is does not matter
		if e.Hint != "" {
			text += "; hint: " + e.Hint
		}
	}
	if !slices.Contains(p.wrong, text) {
		p.wrong = append(p.wrong, text)
	}
}

func (p *preloader) err() error {
	const most = 5
	var list []error
	for i, text := range p.wrong {
		if i == most {
			list = append(list, fmt.Errorf("and %d more key files", len(p.wrong)-most))
			break
		}
		list = append(list, errors.New(text))
	}
	return errors.Join(list...)
}

// loginKey is equal for logins that offer the same keys.
func loginKey(l *transport.Login) string {
	parts := slices.Concat(l.Identities, []string{"\x00"}, l.Certificates, []string{"\x00", l.Agent, "\x00"}, l.Methods)
	return fmt.Sprintf("%t %t %t %t %t\x00%s", l.Methods == nil, l.Explicit, l.Optional, l.Batch, l.IdentitiesOnly, strings.Join(parts, "\x00"))
}

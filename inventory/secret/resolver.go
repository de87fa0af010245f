package secret

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"fleet/internal/term"
	"fleet/transport"
)

// A Provider is where one secret comes from.
type Provider interface {
	// Check says what is wrong with the provider itself. It looks at nothing
	// outside of it.
	Check() error
	// reveal finds the text of the secret, for r. Its errors have nothing of
	// the text in them.
	reveal(ctx context.Context, r *Resolver) (string, error)
}

// Config says what a Resolver resolves, and how. Its functions may be called by
// several goroutines at one time, but for Ask.
type Config struct {
	// Secrets are the declared secrets, by name.
	Secrets map[string]Provider
	// LookupEnv reads the environment. Default: os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Ask asks the user for a text that is not shown while it is typed, one
	// question at a time; nil means that nobody may be asked.
	Ask func(ctx context.Context, question string) (transport.Secret, error)
	// Warn hears of what is not as it should be, in one line; nil: nobody does.
	Warn func(text string)
	// Learned hears of each value, and of each passphrase that is typed, before
	// anybody else does; nil: nobody does.
	Learned func(value transport.Secret)
}

// A Resolver resolves secrets, each at most once.
type Resolver struct {
	cfg   Config
	floor chan struct{} // holds a token while somebody may use the terminal

	mu      sync.Mutex
	answers map[string]*answer // by name; guarded by mu
}

// An answer is what became of one secret.
type answer struct {
	done  chan struct{} // closed when what follows is set
	value transport.Secret
	err   error
	left  bool // the caller who went for it gave up
}

// NewResolver makes a Resolver for the secrets of cfg.
func NewResolver(cfg Config) *Resolver {
	if cfg.LookupEnv == nil {
		cfg.LookupEnv = os.LookupEnv
	}
	if cfg.Warn == nil {
		cfg.Warn = func(string) {}
	}
	if cfg.Learned == nil {
		cfg.Learned = func(transport.Secret) {}
	}
	return &Resolver{cfg: cfg, floor: make(chan struct{}, 1), answers: make(map[string]*answer)}
}

// Resolve returns the value of a declared secret. A secret that could not be had
// stays so, with the same error.
func (r *Resolver) Resolve(ctx context.Context, name string) (transport.Secret, error) {
	provider, ok := r.cfg.Secrets[name]
	if !ok {
		return transport.Secret{}, fmt.Errorf("there is no secret %q", name)
	}
	for {
		a, mine := r.join(name)
		if mine {
			a.value, a.err = r.find(ctx, name, provider)
			if a.left = a.err != nil && ctx.Err() != nil; a.left {
				r.forget(name)
			}
			close(a.done)
			return a.value, a.err
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return transport.Secret{}, context.Cause(ctx)
		}
		if !a.left {
			return a.value, a.err
		}
	}
}

// Values returns all values that were given out by now, in no order.
func (r *Resolver) Values() []transport.Secret {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []transport.Secret
	for _, a := range r.answers {
		select {
		case <-a.done:
			if a.err == nil {
				all = append(all, a.value)
			}
		default:
		}
	}
	return all
}

func (r *Resolver) join(name string) (a *answer, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a = r.answers[name]; a != nil {
		return a, false
	}
	a = &answer{done: make(chan struct{})}
	r.answers[name] = a
	return a, true
}

func (r *Resolver) forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.answers, name)
}

func (r *Resolver) find(ctx context.Context, name string, p Provider) (transport.Secret, error) {
	text, err := "", p.Check()
	if err == nil {
		text, err = p.reveal(ctx, r)
	}
	if err == nil {
		err = usable(text)
	}
	if err != nil {
		return transport.Secret{}, fmt.Errorf("secret %q: %w", name, err)
	}
	value := transport.NewSecret(text)
	r.cfg.Learned(value)
	return value, nil
}

// textMax bounds a secret, in bytes: all forms of all its lines are looked for in
// the output.
const textMax = 16 << 10

var errTooLarge = fmt.Errorf("it is larger than %d KiB", textMax>>10)

// usable says why text cannot be a secret.
func usable(text string) error {
	switch {
	case text == "":
		return errors.New("it is empty")
	case len(text) > textMax:
		return errTooLarge
	case !utf8.ValidString(text):
		return errors.New("it is not text in UTF-8")
	case strings.IndexByte(text, 0) >= 0:
		return errors.New("it holds a NUL byte")
	default:
		return nil
	}
}

// withoutLineEnd takes away the line end that files and commands end with.
func withoutLineEnd(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}

// alone calls f while nobody else may use the terminal.
func (r *Resolver) alone(ctx context.Context, f func() error) error {
	select {
	case r.floor <- struct{}{}:
		defer func() { <-r.floor }()
		return f()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ask asks the user for a text.
func (r *Resolver) ask(ctx context.Context, question string) (text string, err error) {
	err = r.alone(ctx, func() error {
		if r.cfg.Ask == nil {
			return fmt.Errorf("%w; hint: where nobody can be asked, use env, file or exec", errNobody)
		}
		answer, err := r.cfg.Ask(ctx, question)
		switch {
		case errors.Is(err, term.ErrNoTerminal):
			return fmt.Errorf("%w; hint: where nobody can be asked, use env, file or exec", term.ErrNoTerminal)
		case err != nil:
			return err
		case !answer.IsSet():
			return errors.New("nothing was typed")
		}
		r.cfg.Learned(answer)
		text = answer.Reveal()
		return nil
	})
	return text, err
}

var errNobody = errors.New("nobody may be asked")

package credential

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"fleet/transport"
)

// A Store holds what was loaded to log in with: keys, certificates, the
// connections to agents. Its zero value is ready. Its methods are safe for
// concurrent use; the fields may not change after the first call.
type Store struct {
	// Prompt asks the user; nil asks nothing. One question is asked at a
	// time. An error is "no answer": what needed it is left out, and the same
	// passphrase is not asked for again. A context with a transport.Caller asks
	// that one instead, and what it did not answer is its own affair.
	Prompt func(ctx context.Context, q Question) (transport.Secret, error)
	// OnlyPassphrases keeps Prompt from being asked for anything else: among
	// many hosts nobody wants to type a password for each, and a server counts
	// a login without an answer as a failed one.
	OnlyPassphrases bool
	// Logger receives details for debugging; nil discards them.
	Logger *slog.Logger

	mu       sync.Mutex
	privates map[string]*watched[*private]
	publics  map[string]*watched[*public]
	agents   map[string]*keyAgent
	floors   map[any]*floor // by asker: questions under way
	served   any            // the asker of the last login
	closed   bool
}

// Login prepares one login to t. It reads files and asks the agent, but does
// not touch the network. ctx bounds the whole login, agent and prompts too: it
// should end when the connection does. An error is a *transport.Error of
// KindAuth that names the file which is wrong.
func (s *Store) Login(ctx context.Context, t *transport.Target) (*Login, error) {
	l := &Login{store: s, ctx: ctx, target: t, methods: t.Login.Methods, asker: s.asker(ctx)}
	s.serve(l.asker)
	if l.methods == nil {
		l.methods = defaultMethods()
	}
	if slices.Contains(l.methods, publickey) {
		if err := l.prepare(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Close ends the connections to agents and waits for what runs on them.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	agents := s.agents
	s.mu.Unlock()
	var errs []error
	for _, a := range agents {
		errs = append(errs, a.close())
	}
	return errors.Join(errs...)
}

func (s *Store) private(path string) (*private, error) {
	return lookup(s, &s.privates, path, parsePrivate).get()
}

func (s *Store) public(path string) (*public, error) {
	return lookup(s, &s.publics, path, parsePublic).get()
}

func lookup[T any](s *Store, files *map[string]*watched[T], path string, parse parser[T]) *watched[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := (*files)[path]
	if w == nil {
		w = &watched[T]{path: path, parse: parse}
		if *files == nil {
			*files = make(map[string]*watched[T])
		}
		(*files)[path] = w
	}
	return w
}

func (s *Store) agent(socket string) *keyAgent {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agents[socket]
	if a == nil {
		a = &keyAgent{socket: socket, closed: s.closed}
		if s.agents == nil {
			s.agents = make(map[string]*keyAgent)
		}
		s.agents[socket] = a
	}
	return a
}

func (s *Store) logger() *slog.Logger {
	return cmp.Or(s.Logger, slog.New(slog.DiscardHandler))
}

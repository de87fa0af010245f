package credential

import (
	"context"
	"errors"

	"fleet/transport"
)

// An asker is who can be asked during a login.
type asker struct {
	id  any // equal for those who stand for the same user; nil is the Store's own
	ask func(ctx context.Context, q Question) (transport.Secret, error)
	// onlyPassphrases keeps ask from being asked for anything else.
	onlyPassphrases bool
}

// asker is who stands behind ctx.
func (s *Store) asker(ctx context.Context) asker {
	c := transport.CallerOf(ctx)
	if c == nil {
		return asker{ask: s.Prompt, onlyPassphrases: s.OnlyPassphrases}
	}
	a := asker{id: c, ask: c.Ask, onlyPassphrases: c.OnlyPassphrases}
	if c.ID != "" {
		a.id = c.ID
	}
	return a
}

var errNobody = errors.New("there is nobody to ask")

// question asks one question; its caller has the floor.
func (a *asker) question(ctx context.Context, q Question) (transport.Secret, error) {
	if a.ask == nil {
		return transport.Secret{}, errNobody
	}
	return a.ask(ctx, q)
}

// A floor is the right to ask one user, who is asked one question at a time.
type floor struct {
	speaker chan struct{} // holds one token while a question is asked
	users   int           // who speak or want to; guarded by Store.mu
}

// floor gives the right to ask, to one at a time.
func (s *Store) floor(ctx context.Context, a asker) (release func(), err error) {
	s.mu.Lock()
	f := s.floors[a.id]
	if f == nil {
		f = &floor{speaker: make(chan struct{}, 1)}
		if s.floors == nil {
			s.floors = make(map[any]*floor)
		}
		s.floors[a.id] = f
	}
	f.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if f.users--; f.users == 0 {
			delete(s.floors, a.id)
		}
	}
	select {
	case f.speaker <- struct{}{}:
		return func() { <-f.speaker; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}

// serve has the files and agents looked at again where a comes after somebody else:
// what a did just before, such as ssh-add, must count.
func (s *Store) serve(a asker) {
	s.mu.Lock()
	if s.served == a.id {
		s.mu.Unlock()
		return
	}
	s.served = a.id
	agents := s.renew()
	s.mu.Unlock()
	for _, a := range agents {
		if a.idle() {
			a.hangUp()
		}
	}
}

// renew has everything looked at again with its next use, and returns the agents;
// s.mu is held.
func (s *Store) renew() (agents []*keyAgent) {
	for _, w := range s.privates {
		w.old.Store(true)
	}
	for _, w := range s.publics {
		w.old.Store(true)
	}
	for _, a := range s.agents {
		a.renew()
		agents = append(agents, a)
	}
	return agents
}

// Reset forgets the keys, those that a passphrase has opened too, and what was not
// answered, and connects to agents anew. Logins under way go on with what they have.
func (s *Store) Reset() {
	s.mu.Lock()
	s.privates, s.publics = nil, nil
	agents := s.renew()
	s.mu.Unlock()
	for _, a := range agents {
		a.hangUp()
	}
}

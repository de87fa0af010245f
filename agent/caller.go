package agent

import (
	"context"
	"time"

	"fleet/transport"
)

// caller is the client's user, as a transport turns to it.
func (o *operation) caller() *transport.Caller {
	c := &transport.Caller{ID: o.request.caller, OnlyPassphrases: o.request.onlyPassphrases, Env: o.request.env, Dir: o.request.dir}
	if o.request.asks {
		c.Ask = o.ask
	}
	if o.request.notices {
		c.Notice = func(host, text string) {
			n := notice{host: host, text: text}
			o.message(frameNotice, n.walk)
		}
		c.Connected = func(host string, took time.Duration) {
			n := notice{host: host, took: int64(took)}
			o.message(frameConnected, n.walk)
		}
	}
	return c
}

// ask asks the client's user. A question that is no longer of interest is taken
// back.
func (o *operation) ask(ctx context.Context, q transport.Question) (transport.Secret, error) {
	reply := make(chan answer, 1)
	o.mu.Lock()
	o.asked++
	m := question{id: o.asked, q: q}
	if o.questions == nil {
		o.questions = map[int]chan answer{}
	}
	o.questions[m.id] = reply
	o.mu.Unlock()
	o.message(frameQuestion, m.walk)
	var err error
	select {
	case a := <-reply:
		return a.secret, a.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-o.ctx.Done():
		err = context.Cause(o.ctx)
	}
	o.mu.Lock()
	delete(o.questions, m.id)
	o.mu.Unlock()
	back := question{id: m.id, withdrawn: true}
	o.message(frameQuestion, back.walk)
	return transport.Secret{}, err
}

func (o *operation) answered(a answer) {
	o.mu.Lock()
	reply := o.questions[a.id]
	delete(o.questions, a.id)
	o.mu.Unlock()
	if reply != nil { // it may have been taken back meanwhile
		reply <- a
	}
}

// A clientPlace is the place of the client's host among those at work there.
type clientPlace struct{ o *operation }

func (p clientPlace) Leave() { _ = p.o.toClient(frameLeave, nil) }

func (p clientPlace) Enter(ctx context.Context) error {
	entered := make(chan error, 1)
	p.o.mu.Lock()
	p.o.entered = entered
	p.o.mu.Unlock()
	if err := p.o.toClient(frameEnter, nil); err != nil {
		return err
	}
	select {
	case err := <-entered:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.o.ctx.Done():
		return context.Cause(p.o.ctx)
	}
}

func (o *operation) enteredAgain(err error) {
	o.mu.Lock()
	entered := o.entered
	o.entered = nil
	o.mu.Unlock()
	if entered != nil {
		entered <- err
	}
}

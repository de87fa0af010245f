package agent

import (
	"context"
	"time"
)

// aside deals with a frame that is between the agent and the caller, and not part
// of what the operation does. It reports whether it was one.
func (k *call) aside(kind frameKind, p []byte) (bool, error) {
	switch kind {
	case frameCredit:
		var n int
		if err := decode(p, func(x *codec) { x.integer(&n) }); err != nil || n < 0 {
			return true, errFrame
		}
		k.credit.add(n)
	case frameQuestion:
		var m question
		if err := decode(p, m.walk); err != nil {
			return true, err
		}
		k.asked(m)
	case frameNotice, frameConnected:
		var m notice
		if err := decode(p, m.walk); err != nil {
			return true, err
		}
		if kind == frameNotice && k.caller.Notice != nil {
			k.caller.Notice(m.host, m.text)
		}
		if kind == frameConnected && k.caller.Connected != nil {
			k.caller.Connected(m.host, time.Duration(m.took))
		}
	case frameLeave:
		k.entering.Wait() // Leave and Enter come in turn; questions may go on
		if k.place != nil {
			k.place.Leave()
		}
	case frameEnter:
		k.entering.Add(1)
		k.helpers.Go(k.enter)
	default:
		return false, nil
	}
	return true, nil
}

func (k *call) enter() {
	defer k.entering.Done()
	var err error
	if k.place != nil {
		err = k.place.Enter(k.answering)
	}
	_ = k.send(frameEntered, func(x *codec) { x.failure(&err) })
}

// asked has a question answered, while the operation goes on.
func (k *call) asked(m question) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if m.withdrawn {
		if forget := k.questions[m.id]; forget != nil {
			forget()
		}
		return
	}
	ctx, cancel := context.WithCancel(k.answering)
	if k.questions == nil {
		k.questions = map[int]context.CancelFunc{}
	}
	k.questions[m.id] = cancel
	k.helpers.Go(func() { // ends with the answer, or with the call
		defer cancel()
		a := answer{id: m.id}
		if k.caller.Ask == nil {
			a.err = context.Canceled
		} else {
			a.secret, a.err = k.caller.Ask(ctx, m.q)
		}
		_ = k.send(frameAnswer, a.walk)
	})
}

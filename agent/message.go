package agent

import "fleet/transport"

// The messages of an operation, besides its request. Each is the payload of one
// kind of frame.

// An ended is how an operation ended (frameEnd): a status, or an error.
type ended struct {
	status transport.Status
	err    error
}

func (m *ended) walk(x *codec) {
	x.integer(&m.status.Code)
	x.text(&m.status.Signal)
	x.failure(&m.err)
}

// A gaveUp is why the caller gave up (frameCancel). In the agent it is the cause of
// the operation's context.
type gaveUp struct {
	kind transport.Kind
	text string
}

func (m *gaveUp) walk(x *codec) {
	x.text((*string)(&m.kind))
	x.text(&m.text)
}

// A question asks the user (frameQuestion), or takes an earlier question back.
type question struct {
	id        int
	withdrawn bool
	q         transport.Question
}

func (m *question) walk(x *codec) {
	x.integer(&m.id)
	x.flag(&m.withdrawn)
	x.integer((*int)(&m.q.Kind))
	x.text(&m.q.Text)
	x.text(&m.q.Instruction)
	x.flag(&m.q.Echo)
	x.text(&m.q.File)
	x.text(&m.q.Host)
	x.text(&m.q.User)
	x.integer(&m.q.Try)
}

// An answer answers the question with its number (frameAnswer).
type answer struct {
	id     int
	secret transport.Secret
	err    error
}

func (m *answer) walk(x *codec) {
	x.integer(&m.id)
	x.secret(&m.secret)
	x.failure(&m.err)
}

// A notice is what the caller is told on the way: a text (frameNotice), or the time
// of a login (frameConnected).
type notice struct {
	host, text string
	took       int64
}

func (m *notice) walk(x *codec) {
	x.text(&m.host)
	x.text(&m.text)
	x.number(&m.took)
}

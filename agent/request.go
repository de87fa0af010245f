package agent

import (
	"fleet/transport"
)

// Protocol is the version of what the two sides say to each other. It changes
// with every change of a message: the two sides are of one version, or refuse to
// talk.
const Protocol = 1

// The operations.
const (
	opRun        = "run"
	opPrepare    = "prepare"
	opOpen       = "open"
	opDial       = "dial"
	opListen     = "listen"
	opAccept     = "accept"
	opConnect    = "connect"
	opLinkDial   = "link-dial"
	opLinkListen = "link-listen"
	opLinkPing   = "link-ping"
)

// A request is what an operation begins with.
type request struct {
	op      string
	target  transport.Target
	targets []transport.Target // of opPrepare

	// Of opRun. The command's readers, writers and functions stay behind; the
	// flags say which there are.
	command                        transport.Command
	stdin, stdout, stderr, place   bool
	subsystem, network, addr       string // of opOpen, opDial, opListen
	token                          string // of what belongs to another operation: a link, a listener's connection
	caller                         string // of transport.Caller: who it is
	asks, onlyPassphrases, notices bool   // and what it can be told
	env                            []string
	dir                            string
}

func (r *request) walk(x *codec) {
	x.text(&r.op)
	x.target(&r.target)
	x.targets(&r.targets)
	if r.op == opRun {
		x.command(&r.command)
		x.flag(&r.stdin)
		x.flag(&r.stdout)
		x.flag(&r.stderr)
		x.flag(&r.place)
	}
	for _, s := range []*string{&r.subsystem, &r.network, &r.addr, &r.token, &r.caller, &r.dir} {
		x.text(s)
	}
	x.flag(&r.asks)
	x.flag(&r.onlyPassphrases)
	x.flag(&r.notices)
	x.texts(&r.env)
}

func (x *codec) targets(list *[]transport.Target) {
	n := x.length(len(*list), *list == nil)
	if x.reading {
		*list = nil
		if n >= 0 {
			*list = []transport.Target{}
		}
		for i := 0; i < n && x.err == nil; i++ { // grown as they come: n is only what was said
			var t transport.Target
			x.target(&t)
			*list = append(*list, t)
		}
		return
	}
	for i := range *list {
		x.target(&(*list)[i])
	}
}

func (x *codec) target(t *transport.Target) {
	x.nested(func() {
		x.text(&t.Name)
		x.text(&t.Address)
		x.integer(&t.Port)
		x.text(&t.User)
		x.targets(&t.Jump)
		x.text(&t.Proxy)
		x.login(&t.Login)
		x.hostKey(&t.HostKey)
		x.link(&t.Link)
		x.texts(&t.Env)
	})
}

func (x *codec) login(l *transport.Login) {
	x.texts(&l.Identities)
	x.flag(&l.Explicit)
	x.flag(&l.Optional)
	x.texts(&l.Certificates)
	x.flag(&l.IdentitiesOnly)
	x.text(&l.Agent)
	x.secret(&l.Password)
	x.flag(&l.Batch)
	x.texts(&l.Methods)
}

func (x *codec) hostKey(k *transport.HostKey) {
	x.text(&k.Alias)
	x.texts(&k.Files)
	x.texts(&k.GlobalFiles)
	x.texts(&k.Revoked)
	x.integer((*int)(&k.Policy))
	x.flag(&k.Hash)
}

func (x *codec) link(l *transport.LinkOptions) {
	x.duration(&l.ConnectTimeout)
	x.duration(&l.Keepalive)
	x.integer(&l.KeepaliveMax)
	x.text(&l.Family)
	x.texts(&l.Ciphers)
	x.texts(&l.MACs)
	x.texts(&l.KeyExchanges)
	x.texts(&l.HostKeyAlgorithms)
	x.texts(&l.PubkeyAlgorithms)
	x.flag(&l.Legacy)
}

// secret is the one place where a secret becomes text on the way.
func (x *codec) secret(s *transport.Secret) {
	v := s.Reveal()
	x.text(&v)
	if x.reading {
		*s = transport.NewSecret(v)
	}
}

func (x *codec) command(c *transport.Command) {
	x.text(&c.Script)
	x.texts(&c.Interpreter)
	x.texts(&c.Args)
	x.texts(&c.Env)
	x.flag(&c.Private)
	x.text(&c.Dir)
	x.duration(&c.Grace)

	some := c.Become != nil
	if x.flag(&some); some {
		if x.reading {
			c.Become = &transport.Become{}
		}
		x.text(&c.Become.Method)
		x.text(&c.Become.User)
		x.secret(&c.Become.Password)
	}
	some = c.TTY != nil
	if x.flag(&some); some {
		if x.reading {
			c.TTY = &transport.TTY{}
		}
		x.text(&c.TTY.Term)
		x.integer(&c.TTY.Rows)
		x.integer(&c.TTY.Cols)
	}
}

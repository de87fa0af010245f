package credential

import (
	"slices"
	"time"
)

// agentKeys asks the agent which keys it holds. A dead agent is no error: the
// files may do.
func (l *Login) agentKeys(socket string) []agentKey {
	if socket == "" {
		return nil
	}
	l.agent = l.store.agent(socket)
	held, err := l.agent.keys(l.ctx)
	if err != nil {
		l.notice("the agent at %q is not used: %v", socket, err)
	}
	now := time.Now()
	good := make([]agentKey, 0, len(held))
	for _, k := range held {
		if cert := k.key.certificate(); cert != nil {
			if err := checkTime(cert, now); err != nil {
				l.notice("certificate %q of the agent is not used: %v", clean(cert.KeyId), err)
				continue
			}
		}
		good = append(good, k)
	}
	return good
}

// fromAgent makes candidates of a configured key that the agent holds: with
// certificates of the agent, with those in files, and plain.
func (l *Login) fromAgent(id *identity, held []agentKey) []*candidate {
	if id.pub == nil {
		return nil
	}
	var list []*candidate
	for _, k := range held {
		if k.key.plain == id.pub.plain && k.key.certificate() != nil {
			list = append(list, l.heldKey(k, nil)...)
		}
	}
	for _, k := range held {
		if k.key.blob == id.pub.blob {
			list = append(list, l.heldKey(k, id.certs)...)
		}
	}
	return list
}

// otherKeys makes candidates of all keys of the agent, each after its
// certificates.
func (l *Login) otherKeys(held []agentKey, certs []certificate) []*candidate {
	var list []*candidate
	for _, k := range held {
		if k.key.certificate() == nil {
			id := &identity{pub: k.key, certs: certs}
			list = append(list, l.fromAgent(id, held)...)
			continue
		}
		if !slices.ContainsFunc(held, func(o agentKey) bool { return o.key.blob == k.key.plain }) {
			list = append(list, l.heldKey(k, nil)...)
		}
	}
	return list
}

func (l *Login) heldKey(k agentKey, certs []certificate) []*candidate {
	return l.withCertificates(candidate{
		key: k.key, agent: l.agent, held: k,
		offer: Offer{Agent: true, Comment: clean(k.comment)},
	}, certs)
}

package pool

import (
	"strconv"
	"strings"

	"fleet/transport"
)

// targetKey is equal for two targets exactly when they can share a connection:
// all fields but Name and Env, which belong to the command, and the limit of time,
// which belongs to the dial.
func targetKey(t *transport.Target) string {
	var b strings.Builder
	writeKey(&b, t)
	return b.String()
}

func writeKey(b *strings.Builder, t *transport.Target) {
	field := func(values ...string) {
		for _, v := range values {
			b.WriteString(v)
			b.WriteByte(0)
		}
		b.WriteByte(1)
	}
	field(t.User, t.Addr(), t.Proxy)
	l := &t.Login
	field(l.Identities...)
	field(l.Certificates...)
	field(l.Methods...)
	field(l.Agent, l.Password.Reveal())
	k := &t.HostKey
	field(k.Alias)
	field(k.Files...)
	field(k.GlobalFiles...)
	field(k.Revoked...)
	n := &t.Link
	field(n.Ciphers...)
	field(n.MACs...)
	field(n.KeyExchanges...)
	field(n.HostKeyAlgorithms...)
	field(n.PubkeyAlgorithms...)
	field(n.Family)
	for _, yes := range []bool{l.Methods == nil, l.Explicit, l.Optional, l.Batch, l.IdentitiesOnly, k.Hash, n.Legacy} {
		field(strconv.FormatBool(yes))
	}
	for _, number := range []int64{int64(k.Policy), int64(n.Keepalive), int64(n.KeepaliveMax)} {
		field(strconv.FormatInt(number, 10))
	}
	for i := range t.Jump {
		b.WriteByte(2)
		writeKey(b, &t.Jump[i])
	}
}

package pool

import (
	"slices"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// sshConfig chooses the algorithms of a connection: what is considered safe,
// AES-GCM first (the processor has instructions for it), or what the user
// listed. link.Legacy adds the rest of what x/crypto knows, at the end.
func sshConfig(link *transport.Link) ssh.Config {
	safe := ssh.SupportedAlgorithms()
	ciphers, macs, kex := safe.Ciphers, safe.MACs, safe.KeyExchanges
	if link.Legacy {
		old := ssh.InsecureAlgorithms()
		ciphers = slices.Concat(ciphers, old.Ciphers)
		macs = slices.Concat(macs, old.MACs)
		kex = slices.Concat(kex, old.KeyExchanges)
	}
	choose := func(listed, all []string) []string {
		if len(listed) == 0 {
			return all
		}
		return listed
	}
	return ssh.Config{
		Ciphers:      choose(link.Ciphers, gcmFirst(ciphers)),
		MACs:         choose(link.MACs, macs),
		KeyExchanges: choose(link.KeyExchanges, kex),
	}
}

// gcmFirst moves AES-GCM to the front, the shorter key first: reading costs a
// third of what chacha20 does.
func gcmFirst(ciphers []string) []string {
	front := []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM}
	out := slices.DeleteFunc(slices.Clone(ciphers), func(c string) bool { return slices.Contains(front, c) })
	return append(front, out...)
}

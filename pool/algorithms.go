package pool

import (
	"slices"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// An AlgorithmList says which algorithms of one kind are used by default, in
// order of preference, and which can be used at all.
type AlgorithmList struct{ Defaults, Supported []string }

// Algorithms are the lists by the ssh_config keyword that chooses among them, in
// lower case: what "Ciphers +aes128-cbc" adds to.
func Algorithms() map[string]AlgorithmList {
	safe, old := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	list := func(defaults, more []string) AlgorithmList {
		return AlgorithmList{Defaults: defaults, Supported: slices.Concat(defaults, more)}
	}
	return map[string]AlgorithmList{
		"ciphers":                  list(gcmFirst(safe.Ciphers), old.Ciphers),
		"macs":                     list(safe.MACs, old.MACs),
		"kexalgorithms":            list(safe.KeyExchanges, old.KeyExchanges),
		"hostkeyalgorithms":        list(safe.HostKeys, old.HostKeys),
		"pubkeyacceptedalgorithms": list(safe.PublicKeyAuths, old.PublicKeyAuths),
	}
}

// sshConfig chooses the algorithms of a connection: what is considered safe,
// AES-GCM first (the processor has instructions for it), or what the user
// listed. link.Legacy adds the rest of what x/crypto knows, at the end.
func sshConfig(link *transport.LinkOptions) ssh.Config {
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

// writeCipher is the cipher of what the client sends; empty where that is not known.
func writeCipher(sc ssh.Conn) string {
	if m, ok := sc.(ssh.AlgorithmsConnMetadata); ok {
		return m.Algorithms().Write.Cipher
	}
	return ""
}

package hostkey

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// An algorithm is a host key algorithm: how the key is of which type signs.
type algorithm struct {
	name    string
	keyType string
	cert    bool
	legacy  bool // no longer safe
}

// algorithms are all that can be offered, in order of preference: ed25519
// first, since it is what most hosts have and the cheapest to verify.
func algorithms() []algorithm {
	return []algorithm{
		{ssh.CertAlgoED25519v01, ssh.KeyAlgoED25519, true, false},
		{ssh.CertAlgoECDSA256v01, ssh.KeyAlgoECDSA256, true, false},
		{ssh.CertAlgoECDSA384v01, ssh.KeyAlgoECDSA384, true, false},
		{ssh.CertAlgoECDSA521v01, ssh.KeyAlgoECDSA521, true, false},
		{ssh.CertAlgoRSASHA512v01, ssh.KeyAlgoRSA, true, false},
		{ssh.CertAlgoRSASHA256v01, ssh.KeyAlgoRSA, true, false},
		{ssh.CertAlgoRSAv01, ssh.KeyAlgoRSA, true, true},
		{ssh.InsecureCertAlgoDSAv01, ssh.InsecureKeyAlgoDSA, true, true},
		{ssh.KeyAlgoED25519, ssh.KeyAlgoED25519, false, false},
		{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA256, false, false},
		{ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA384, false, false},
		{ssh.KeyAlgoECDSA521, ssh.KeyAlgoECDSA521, false, false},
		{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSA, false, false},
		{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA, false, false},
		{ssh.KeyAlgoRSA, ssh.KeyAlgoRSA, false, true},
		{ssh.InsecureKeyAlgoDSA, ssh.InsecureKeyAlgoDSA, false, true},
	}
}

// Algorithms is the list to offer (ssh.ClientConfig.HostKeyAlgorithms): those
// of known keys first, so that the server shows a key that can be checked;
// certificates only where an authority is known for the host. The others
// follow, since a clear "the key has changed" is worth more than "no common
// algorithm". configured, from the user, restricts and orders the list; empty
// is the default, which legacy extends with algorithms that are no longer safe.
func (k *Known) Algorithms(configured []string, legacy bool) []string {
	types, ca := k.knownTypes()
	var certs, known, rest []string
	for _, a := range candidates(configured, legacy) {
		switch {
		case a.cert && ca:
			certs = append(certs, a.name)
		case a.cert:
		case slices.Contains(types, a.keyType):
			known = append(known, a.name)
		default:
			rest = append(rest, a.name)
		}
	}
	list := slices.Concat(certs, known, rest)
	if len(list) == 0 {
		// Nothing usable was configured. An empty list would mean x/crypto's
		// own default, which is wider than what the user asked for.
		return slices.Clone(configured)
	}
	return list
}

// knownTypes tells which types of keys are known for the host, and whether an
// authority is. It may stop at the first type in order of preference: like in
// OpenSSH's order_hostkeyalgs, what follows a known type hardly matters.
func (k *Known) knownTypes() (types []string, ca bool) {
	for _, name := range []string{k.name, k.bare} {
		// No key is the empty one: this leaves hashed keys out.
		lines := k.gather(name, func(x *index) []entry { return x.matchKey(name, "") })
		for _, e := range lines {
			ca = ca || e.marker == markAuthority
			// Keys of the bare name count only where nothing else is known.
			if e.marker == markNone && (name == k.name || len(types) == 0) {
				types = append(types, e.keyType)
			}
		}
		if len(types) == 0 && name != "" {
			types = k.hashedType(name)
		}
	}
	return types, ca
}

// hashedType is the preferred type of key that hashed lines have for name.
func (k *Known) hashedType(name string) []string {
	var present []string
	for _, a := range algorithms() {
		if !a.cert && !slices.Contains(present, a.keyType) && k.anyHashed(a.keyType) {
			present = append(present, a.keyType)
		}
	}
	if len(present) == 1 && present[0] == algorithms()[0].keyType {
		return present // offered first, whether it is known for the host or not
	}
	for _, t := range present {
		for _, f := range k.files {
			if f.current().hasType(name, t) {
				return []string{t}
			}
		}
	}
	return nil
}

func (k *Known) anyHashed(keyType string) bool {
	return slices.ContainsFunc(k.files, func(f *file) bool {
		return len(f.current().hashed.types[keyType]) > 0
	})
}

// candidates are the algorithms that may be offered, in the user's order.
func candidates(configured []string, legacy bool) []algorithm {
	all := algorithms()
	if len(configured) > 0 {
		var list []algorithm
		for _, name := range configured {
			i := slices.IndexFunc(all, func(a algorithm) bool { return a.name == strings.TrimSpace(name) })
			if i >= 0 && !slices.Contains(list, all[i]) {
				list = append(list, all[i])
			}
		}
		return list
	}
	list := slices.DeleteFunc(slices.Clone(all), func(a algorithm) bool { return a.legacy })
	if legacy {
		for _, a := range all {
			if a.legacy {
				list = append(list, a)
			}
		}
	}
	return list
}

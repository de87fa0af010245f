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
// authority is.
func (k *Known) knownTypes() (types []string, ca bool) {
	exact, bare := k.entries(k.name), k.entries(k.bare)
	for _, e := range exact {
		if e.marker == markNone {
			types = append(types, e.keyType)
		}
	}
	// Keys of the bare name count only where nothing else is known.
	useBare := len(types) == 0
	for _, e := range bare {
		if e.marker == markNone && useBare {
			types = append(types, e.keyType)
		}
	}
	for _, e := range slices.Concat(exact, bare) {
		ca = ca || e.marker == markAuthority
	}
	return types, ca
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

package credential

import (
	"path"
	"slices"

	"golang.org/x/crypto/ssh"
)

// An algorithm is a public key algorithm as the protocol names it, and the
// signature algorithm that goes with it. They differ for certificates.
type algorithm struct {
	name, signature string
	legacy          bool // no longer safe
}

// forFormat are the algorithms that sign with a key of this format, in order
// of preference (RFC 8332: an RSA key has several).
func forFormat(format string) []algorithm {
	switch format {
	case ssh.KeyAlgoRSA:
		return []algorithm{
			{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA512, false},
			{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA256, false},
			{ssh.KeyAlgoRSA, ssh.KeyAlgoRSA, true},
		}
	case ssh.CertAlgoRSAv01:
		return []algorithm{
			{ssh.CertAlgoRSASHA512v01, ssh.KeyAlgoRSASHA512, false},
			{ssh.CertAlgoRSASHA256v01, ssh.KeyAlgoRSASHA256, false},
			{ssh.CertAlgoRSAv01, ssh.KeyAlgoRSA, true},
		}
	case ssh.InsecureKeyAlgoDSA, ssh.InsecureCertAlgoDSAv01:
		return []algorithm{{format, ssh.InsecureKeyAlgoDSA, true}}
	default:
		return []algorithm{{format, "", false}}
	}
}

// signatures are the signature algorithms to use with a key, in order of
// preference; none where the key may not be used. configured, with * and ? as
// in ssh_config, takes the place of fleet's choice.
func signatures(key *publicKey, configured []string, legacy bool) []string {
	all := forFormat(key.Type())
	if all[0].signature == "" {
		all[0].signature = plainKey(key.PublicKey).Type()
	}
	var list []string
	if len(configured) == 0 {
		for _, a := range all {
			if !a.legacy || legacy {
				list = append(list, a.signature)
			}
		}
		return list
	}
	for _, pattern := range configured {
		for _, a := range all {
			// Names of algorithms have no slash and no bracket in them, so
			// that path.Match matches as ssh does.
			if ok, err := path.Match(pattern, a.name); err == nil && ok && !slices.Contains(list, a.signature) {
				list = append(list, a.signature)
			}
		}
	}
	return list
}

package hostkey

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// authority finds the @cert-authority line of the key that signed cert.
func authority(cert *ssh.Certificate, lists ...[]located) (located, bool) {
	for _, list := range lists {
		if e, ok := find(cert.SignatureKey, list, markAuthority); ok {
			return e, true
		}
	}
	return located{}, false
}

func (k *Known) certified(cert *ssh.Certificate, ca located) How {
	how := k.how(Certified, cert)
	how.File, how.Line = ca.file, ca.line
	how.Authority = ssh.FingerprintSHA256(cert.SignatureKey)
	return how
}

// checkCert checks everything about a certificate but its authority: what
// OpenSSH's sshkey_cert_check_host does.
func (k *Known) checkCert(cert *ssh.Certificate, ca located) error {
	reason := k.certReason(cert)
	if reason == "" {
		return nil
	}
	return &CertificateError{
		Host: k.name, Reason: reason, KeyID: cert.KeyId, Serial: cert.Serial,
		Principals:  cert.ValidPrincipals,
		ValidAfter:  certTime(cert.ValidAfter),
		ValidBefore: certTime(cert.ValidBefore),
		Authority:   ca.Line(),
	}
}

func (k *Known) certReason(cert *ssh.Certificate) Reason {
	now := k.now()
	seconds := uint64(max(now.Unix(), 0))
	named := func(principal string) bool {
		return matchGlob(strings.ToLower(principal), k.principal)
	}
	switch {
	case cert.CertType != ssh.HostCert:
		return NotHost
	case len(cert.CriticalOptions) > 0:
		return BadOptions
	case seconds < cert.ValidAfter:
		return NotYetValid
	case cert.ValidBefore != ssh.CertTimeInfinity && seconds >= cert.ValidBefore:
		return Expired
	case len(cert.ValidPrincipals) > 0 && !slices.ContainsFunc(cert.ValidPrincipals, named):
		return WrongPrincipal
	case cert.Signature == nil || cert.Signature.Format == ssh.KeyAlgoRSA || cert.Signature.Format == ssh.InsecureKeyAlgoDSA:
		return WeakSignature
	case !signed(cert, now):
		return BadSignature
	}
	return ""
}

// signed checks the signature alone. CertChecker checks more, with exact
// principals; it is told what certReason has already found right.
func signed(cert *ssh.Certificate, now time.Time) bool {
	principal := ""
	if len(cert.ValidPrincipals) > 0 {
		principal = cert.ValidPrincipals[0]
	}
	c := ssh.CertChecker{Clock: func() time.Time { return now }}
	return c.CheckCert(principal, cert) == nil
}

// certTime is a time of a certificate; both ends of its range are zero.
func certTime(seconds uint64) time.Time {
	const last = 1<<63 - 1
	if seconds == 0 || seconds > last {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

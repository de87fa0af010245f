package credential

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/crypto/ssh"
)

// A publicKey is a key or a certificate with what every login asks of it,
// worked out once.
type publicKey struct {
	ssh.PublicKey
	blob        string // in wire form
	plain       string // the key without its certificate, in wire form
	fingerprint string // of the plain key
}

func newPublicKey(key ssh.PublicKey) *publicKey {
	plain := plainKey(key)
	return &publicKey{
		PublicKey: key, blob: string(key.Marshal()),
		plain: string(plain.Marshal()), fingerprint: ssh.FingerprintSHA256(plain),
	}
}

// certificate returns the certificate, nil for a plain key.
func (k *publicKey) certificate() *ssh.Certificate {
	cert, ok := k.PublicKey.(*ssh.Certificate)
	if !ok {
		return nil
	}
	return cert
}

// A public key file: FILE.pub, or a certificate.
type public struct {
	path string
	key  *publicKey // nil where the file is not understood
}

func parsePublic(path string, data []byte, _ fs.FileInfo) *public {
	key, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return &public{path: path}
	}
	return &public{path: path, key: newPublicKey(key)}
}

// certificate returns the user certificate in the file.
func (p *public) certificate() (*ssh.Certificate, error) {
	if p.key == nil || p.key.certificate() == nil {
		return nil, errors.New("it is not a certificate")
	}
	cert := p.key.certificate()
	if cert.CertType != ssh.UserCert {
		return nil, errors.New("it is the certificate of a host")
	}
	return cert, nil
}

// checkTime tells whether a certificate is good now.
func checkTime(cert *ssh.Certificate, now time.Time) error {
	seconds := uint64(max(now.Unix(), 0))
	switch {
	case cert.ValidBefore != ssh.CertTimeInfinity && seconds >= cert.ValidBefore:
		return fmt.Errorf("it expired on %s", expiry(cert).Format(time.RFC3339))
	case seconds < cert.ValidAfter:
		return fmt.Errorf("it is not valid before %s", certTime(cert.ValidAfter).Format(time.RFC3339))
	}
	return nil
}

// expiry is when a certificate ends; zero is never.
func expiry(cert *ssh.Certificate) time.Time {
	if cert.ValidBefore == ssh.CertTimeInfinity {
		return time.Time{}
	}
	return certTime(cert.ValidBefore)
}

func certTime(seconds uint64) time.Time {
	return time.Unix(int64(min(seconds, 1<<62)), 0).UTC()
}

// plainKey is the key itself, also of a certificate.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}

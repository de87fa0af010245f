package hostkey

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

// certificate makes a host certificate for web1, valid now, as edit changes it.
func certificate(t *testing.T, key ssh.PublicKey, ca ssh.Signer, edit func(*ssh.Certificate)) *ssh.Certificate {
	t.Helper()
	now := uint64(time.Now().Unix())
	c := &ssh.Certificate{
		Key: key, CertType: ssh.HostCert, KeyId: "web1-key", Serial: 7,
		ValidPrincipals: []string{"web1"},
		ValidAfter:      now - 3600, ValidBefore: now + 3600,
	}
	if edit != nil {
		edit(c)
	}
	if err := c.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCertificates(t *testing.T) {
	key, ca, rogue := ed25519Key(t), ed25519Signer(t), ed25519Signer(t)
	authority := "@cert-authority web*,cluster,[web1]:2222 " + text(ca.PublicKey())
	longAgo := uint64(time.Date(2020, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	tests := []struct {
		name  string
		lines []string
		addr  string
		by    ssh.Signer
		edit  func(*ssh.Certificate)
		want  string
	}{
		{name: "good", want: "certified"},
		{name: "on another port", addr: "web1:2222", want: "certified"},
		{name: "no principals is any host", edit: func(c *ssh.Certificate) { c.ValidPrincipals = nil }, want: "certified"},
		{name: "wildcard principal", edit: func(c *ssh.Certificate) { c.ValidPrincipals = []string{"db1", "WEB?"} }, want: "certified"},
		{name: "for ever", edit: func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 0, ssh.CertTimeInfinity }, want: "certified"},
		{name: "expired", edit: func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 0, longAgo }, want: `host certificate "web1-key" of "web1" expired on 2020-03-01T12:00:00Z`},
		{name: "not yet valid", edit: func(c *ssh.Certificate) { c.ValidAfter = 7258118400; c.ValidBefore = ssh.CertTimeInfinity }, want: `host certificate "web1-key" of "web1" is not valid before 2200-01-01T00:00:00Z`},
		{name: "for another host", edit: func(c *ssh.Certificate) { c.ValidPrincipals = []string{"db1", "db2"} }, want: `host certificate "web1-key" of "web1" is only for "db1", "db2"`},
		{name: "of a user", edit: func(c *ssh.Certificate) { c.CertType = ssh.UserCert }, want: `host certificate "web1-key" of "web1" is a user certificate`},
		{name: "critical options", edit: func(c *ssh.Certificate) { c.CriticalOptions = map[string]string{"what": ""} }, want: `host certificate "web1-key" of "web1" has critical options that are not supported`},
		{name: "expired, but the key is known", lines: []string{"web1 " + text(key)}, edit: func(c *ssh.Certificate) { c.ValidBefore = longAgo }, want: "line 2"},
		{name: "of another authority", by: rogue, want: "unknown"},
		{name: "of another authority, but the key is known", lines: []string{"web1 " + text(key)}, by: rogue, want: "line 2"},
		{name: "of another authority, another key is known", lines: []string{"web1 " + text(ed25519Key(t))}, by: rogue, want: "changed"},
		{name: "authority is for others", addr: "db1:22", edit: func(c *ssh.Certificate) { c.ValidPrincipals = nil }, want: "unknown"},
		{name: "revoked key", lines: []string{"@revoked * " + text(key)}, want: "revoked"},
		{name: "revoked authority", lines: []string{"@revoked * " + text(ca.PublicKey())}, want: "revoked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			signer, addr := ca, "web1:22"
			if tt.by != nil {
				signer = tt.by
			}
			if tt.addr != "" {
				addr = tt.addr
			}
			path := write(t, append([]string{authority}, tt.lines...)...)
			var s Store
			how, err := s.Lookup(files(path), addr).Verify(certificate(t, key, signer, tt.edit))
			got := outcome(how, err)
			if how.Basis == Certified && err == nil {
				got = "certified"
				if want := "certificate signed by the authority at " + path + ":1"; how.String() != want {
					t.Errorf("how is %q, want %q", how, want)
				}
			}
			if got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestCertificateOfAliasNamesTheAlias(t *testing.T) {
	ca := ed25519Signer(t)
	hk := files(write(t, "@cert-authority cluster "+text(ca.PublicKey())))
	hk.Alias = "cluster"
	cert := certificate(t, ed25519Key(t), ca, func(c *ssh.Certificate) { c.ValidPrincipals = []string{"cluster"} })
	var s Store
	if how, err := s.Lookup(hk, "web1:22").Verify(cert); err != nil || how.Basis != Certified {
		t.Errorf("got %v, %v", how, err)
	}
}

func TestForgedCertificateIsRefused(t *testing.T) {
	ca := ed25519Signer(t)
	cert := certificate(t, ed25519Key(t), ca, nil)
	cert.Key = ed25519Key(t)
	var s Store
	// Under accept-new, too: a bad certificate of a known authority is no
	// stranger.
	hk := acceptNew(write(t, "@cert-authority * "+text(ca.PublicKey())))
	_, err := s.Lookup(hk, "web1:22").Verify(cert)
	bad, ok := errors.AsType[*CertificateError](err)
	if !ok || bad.Reason != BadSignature {
		t.Errorf("got %v", err)
	}
}

func TestSHA1CertificateIsRefused(t *testing.T) {
	ca, err := ssh.NewSignerWithAlgorithms(rsaSigner(t).(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	var s Store
	_, err = s.Lookup(files(write(t, "@cert-authority * "+text(ca.PublicKey()))), "web1:22").Verify(certificate(t, ed25519Key(t), ca, nil))
	if bad, ok := errors.AsType[*CertificateError](err); !ok || bad.Reason != WeakSignature {
		t.Errorf("got %v", err)
	}
}

func TestAcceptNewStoresThePlainKeyOfAnUnknownCertificate(t *testing.T) {
	key := ed25519Key(t)
	path := write(t)
	var s Store
	how, err := s.Lookup(transport.HostKey{Files: []string{path}, Policy: transport.HostKeyAcceptNew}, "web1:22").
		Verify(certificate(t, key, ed25519Signer(t), nil))
	if err != nil || how.Basis != Stored || !strings.Contains(readFile(t, path), "web1 "+text(key)) {
		t.Errorf("got %v, %v", how, err)
	}
}

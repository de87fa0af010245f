package credential

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"fleet/transport"
)

func TestOrderOfOffers(t *testing.T) {
	// Three configured keys, the second is in the agent, with two others.
	keys := []any{newEd25519(t), newECDSA(t), newEd25519(t), newEd25519(t), newEd25519(t)}
	names := map[string]string{}
	var pubs []ssh.PublicKey
	var paths []string
	for i, k := range keys {
		pubs = append(pubs, publicOf(t, k))
		names[label(pubs[i])] = string(rune('a' + i))
		paths = append(paths, keyFile(t, k))
	}
	cert := certify(t, keys[0], nil)
	writePublic(t, paths[0]+"-cert.pub", cert)
	names[label(cert)] = "A"
	agentCert := certify(t, keys[4], nil)
	names[label(agentCert)] = "E"
	socket, _ := serveAgent(t,
		agent.AddedKey{PrivateKey: keys[3], Comment: "d"},
		agent.AddedKey{PrivateKey: keys[1], Comment: "b"},
		agent.AddedKey{PrivateKey: keys[4], Comment: "e"},
		agent.AddedKey{PrivateKey: keys[4], Certificate: agentCert, Comment: "e"},
	)
	three := paths[:3]
	tests := []struct {
		name string
		l    transport.Login
		want string
	}{
		{"defaults", transport.Login{Identities: three, Agent: socket}, "b d E e A a c"},
		{"named by the user", transport.Login{Identities: three, Explicit: true, Agent: socket}, "b A a c d E e"},
		{"identities only", transport.Login{Identities: three, IdentitiesOnly: true, Agent: socket}, "b A a c"},
		{"identities only, public key file", transport.Login{Identities: []string{publicFile(t, pubs[3])}, Explicit: true, IdentitiesOnly: true, Agent: socket}, "d"},
		{"no agent", transport.Login{Identities: three}, "A a b c"},
		{"agent only", transport.Login{Agent: socket}, "d b E e"},
		{"twice named", transport.Login{Identities: []string{paths[2], paths[2]}}, "c"},
		{"room for a password", transport.Login{Identities: three, Agent: socket, Password: secret("x")}, "b d E e A"},
		{"no publickey", transport.Login{Identities: three, Methods: []string{"password"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, nil)
			var asked []string
			cfg := accept()
			cfg.MaxAuthTries = -1
			cfg.PublicKeyCallback = func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
				asked = append(asked, names[label(key)])
				return nil, errors.New("no")
			}
			log, err := login(t, s, target(tt.l), cfg)
			if err == nil {
				t.Fatal("logged in")
			}
			if got := strings.Join(asked, " "); got != tt.want {
				t.Errorf("the server saw %s, want %s", got, tt.want)
			}
			var told []string
			for _, o := range offered(log) {
				told = append(told, names[o])
			}
			if !slices.Equal(told, asked) {
				t.Errorf("the log says %v, the server saw %v", told, asked)
			}
		})
	}
}

func publicFile(t *testing.T, key ssh.PublicKey) string {
	return writeFile(t, "id.pub", ssh.MarshalAuthorizedKey(key))
}

func TestCertificates(t *testing.T) {
	key := newEd25519(t)
	longAgo := uint64(time.Date(2020, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	tests := []struct {
		name   string
		edit   func(*ssh.Certificate)
		cert   bool   // is offered
		notice string // else
	}{
		{name: "good", cert: true},
		{name: "for ever", edit: func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 0, ssh.CertTimeInfinity }, cert: true},
		{name: "expired", edit: func(c *ssh.Certificate) { c.ValidBefore = longAgo }, notice: "expired on 2020-03-01T12:00:00Z"},
		{name: "not yet valid", edit: func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 7258118400, ssh.CertTimeInfinity }, notice: "not valid before 2200-01-01T00:00:00Z"},
		{name: "of a host", edit: func(c *ssh.Certificate) { c.CertType = ssh.HostCert }, notice: "certificate of a host"},
		{name: "of another key", edit: func(c *ssh.Certificate) { c.Key = publicOf(t, newEd25519(t)) }},
	}
	for _, tt := range tests {
		for _, named := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				path := keyFile(t, key)
				cfg := transport.Login{Identities: []string{path}}
				cert := path + "-cert.pub"
				if named {
					cert = path + ".certificate"
					cfg.Certificates = []string{cert}
				}
				writePublic(t, cert, certify(t, key, tt.edit))
				s := newStore(t, nil)
				// The server takes the plain key only, so that both are seen.
				log, err := login(t, s, target(cfg), accept(publicOf(t, key)))
				check(t, err)
				if got := log.Attempts[0].Key.CertFile == cert; got != tt.cert {
					t.Errorf("offered %v", log.Attempts[0].Key)
				}
				if got := strings.Join(log.Notices, "\n"); tt.notice == "" && got != "" || !strings.Contains(got, tt.notice) {
					t.Errorf("notices %q", got)
				}
				if accepted(log) != ssh.FingerprintSHA256(publicOf(t, key)) {
					t.Errorf("log %+v", log)
				}
			})
		}
	}
}

func TestCertificateOfAFileWithTheKeyOfTheAgent(t *testing.T) {
	key := newRSA(t)
	cert := certify(t, key, nil)
	socket, _ := serveAgent(t, agent.AddedKey{PrivateKey: key, Comment: "me"})
	s := newStore(t, nil)
	log, err := login(t, s, target(transport.Login{Agent: socket, Certificates: []string{publicFile(t, cert)}}), accept(cert))
	if err != nil || len(log.Attempts) != 1 || log.Attempts[0].Key.KeyID != "deploy@ci" || log.Attempts[0].Key.Expires.IsZero() {
		t.Errorf("got %v, %+v", err, log)
	}
}

func TestSignatureAlgorithms(t *testing.T) {
	rsaKey, ed := publicOf(t, newRSA(t)), publicOf(t, newEd25519(t))
	rsaCert := certify(t, newRSA(t), nil)
	edCert := certify(t, newEd25519(t), nil)
	tests := []struct {
		name       string
		key        ssh.PublicKey
		configured string
		legacy     bool
		want       string
	}{
		{"rsa", rsaKey, "", false, "rsa-sha2-512 rsa-sha2-256"},
		{"rsa legacy", rsaKey, "", true, "rsa-sha2-512 rsa-sha2-256 ssh-rsa"},
		{"rsa configured", rsaKey, "ssh-rsa,rsa-sha2-256", false, "ssh-rsa rsa-sha2-256"},
		{"rsa by pattern", rsaKey, "rsa-*", false, "rsa-sha2-512 rsa-sha2-256"},
		{"rsa not allowed", rsaKey, "ssh-ed25519", true, ""},
		{"rsa certificate", rsaCert, "", false, "rsa-sha2-512 rsa-sha2-256"},
		{"rsa certificate configured", rsaCert, "rsa-sha2-256-cert-v01@openssh.com", false, "rsa-sha2-256"},
		{"ed25519", ed, "", false, "ssh-ed25519"},
		{"ed25519 certificate", edCert, "", false, "ssh-ed25519"},
		{"ed25519 certificate not allowed", edCert, "ssh-ed25519", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			configured := strings.FieldsFunc(tt.configured, func(r rune) bool { return r == ',' })
			if got := strings.Join(signatures(newPublicKey(tt.key), configured, tt.legacy), " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRSANeverSignsWithSHA1UnlessLegacy(t *testing.T) {
	key := newRSA(t)
	path := keyFile(t, key)
	for _, legacy := range []bool{false, true} {
		cfg := accept(publicOf(t, key))
		cfg.PublicKeyAuthAlgorithms = []string{ssh.KeyAlgoRSA}
		s := newStore(t, nil)
		tg := target(transport.Login{Identities: []string{path}})
		tg.Link.Legacy = legacy
		log, err := login(t, s, tg, cfg)
		if legacy && (err != nil || accepted(log) == "") {
			t.Errorf("legacy: got %v", err)
		}
		if !legacy && (err == nil || len(log.Attempts) != 0 || !strings.Contains(strings.Join(log.Notices, ""), "legacy")) {
			t.Errorf("got %v, %+v", err, log)
		}
	}
}

func TestKeysOfNoAllowedAlgorithmAreNoticed(t *testing.T) {
	s := newStore(t, nil)
	tg := target(transport.Login{Identities: []string{keyFile(t, newECDSA(t))}})
	tg.Link.PubkeyAlgorithms = []string{"ssh-ed25519"}
	l, err := s.Login(t.Context(), tg)
	check(t, err)
	if n := l.Log(nil).Notices; len(l.candidates) != 0 || len(n) != 1 || !strings.Contains(n[0], "ECDSA") {
		t.Errorf("notices %q", n)
	}
}

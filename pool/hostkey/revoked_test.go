package hostkey

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

func TestRevokedHostKeys(t *testing.T) {
	key, ca := ed25519Key(t), ed25519Signer(t)
	cert := certificate(t, key, ca, nil)
	other := certificate(t, ed25519Key(t), ca, nil)
	known := write(t, "web1 "+text(key))
	list := func(lines ...string) string { return write(t, lines...) }
	tests := []struct {
		name   string
		file   string
		key    ssh.PublicKey
		policy transport.HostKeyPolicy
		want   string // part of the error; empty for none
	}{
		{name: "not in the file", file: list("# old", "", text(ecdsaKey(t))+" x@y"), key: key},
		{name: "empty file", file: list(), key: key},
		{name: "known but revoked", file: list("# old", "  "+text(key)+" lost in May"), key: key, want: `host key of "web1" is revoked at FILE:2: ED25519 SHA256:`},
		{name: "first of two lines", file: list(text(key), text(key)), key: key, want: "FILE:1:"},
		{name: "also where nothing is checked", file: list(text(key)), key: key, policy: transport.HostKeyOff, want: "revoked at FILE:1"},
		{name: "also where new keys are stored", file: list(text(key)), key: key, policy: transport.HostKeyAcceptNew, want: "revoked at FILE:1"},
		{name: "key of a certificate", file: list(text(key)), key: cert, want: "revoked at FILE:1"},
		{name: "by a certificate of the key", file: list(text(cert)), key: key, want: "revoked at FILE:1"},
		{name: "authority", file: list(text(ca.PublicKey())), key: cert, want: `the authority that signed the host key of "web1" is revoked at FILE:1`},
		{name: "certificate of another key", file: list(text(other)), key: key},
		{name: "missing file", file: filepath.Join(t.TempDir(), "none"), key: key, want: "FILE: no such file"},
		{name: "folder", file: t.TempDir(), key: key, want: `cannot be checked against the revoked keys: FILE: `},
		{name: "damaged line", file: list(text(ecdsaKey(t)), "ssh-ed25519 AAAA"), key: key, want: "FILE: line 2: "},
		{name: "known_hosts in its place", file: known, key: key, want: "FILE: line 1: "},
		{name: "binary list", file: list("SSHKRL\n\x00\x00\x00\x00\x01"), key: key, want: "FILE: it is a binary list (KRL)"},
		{name: "binary list where nothing is checked", file: list("SSHKRL\n\x00"), key: key, policy: transport.HostKeyOff, want: "(KRL)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Store
			_, err := s.Lookup(transport.HostKey{Files: []string{known}, Revoked: []string{tt.file}, Policy: tt.policy}, "web1:22").Verify(tt.key)
			want := strings.ReplaceAll(tt.want, "FILE", tt.file)
			if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestRevokedHostKeysAreReadAgain(t *testing.T) {
	key := ed25519Key(t)
	known, list := write(t, "web1 "+text(key)), write(t)
	now := time.Now()
	s := Store{clock: func() time.Time { return now }}
	k := s.Lookup(transport.HostKey{Files: []string{known}, Revoked: []string{list}}, "web1:22")
	if _, err := k.Verify(key); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, []byte(text(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(checkEvery)
	if _, err := k.Verify(key); outcome(How{}, err) != "revoked" {
		t.Errorf("a key revoked meanwhile: %v", err)
	}
}

func FuzzParseRevoked(f *testing.F) {
	key := ed25519Key(f)
	for _, seed := range []string{"", "# x\n\n" + text(key) + " c\n", "ssh-rsa AAAA", "SSHKRL\n\x00", "a b c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := parseRevoked(text)
		if (lines == nil) != (err != nil) {
			t.Errorf("%d lines and %v", len(lines), err)
		}
		for _, n := range lines {
			if n < 1 || n > strings.Count(text, "\n")+1 {
				t.Errorf("line %d", n)
			}
		}
	})
}

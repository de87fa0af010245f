package hostkey

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

func TestVerifyDecidesAsSSHDoes(t *testing.T) {
	good, other, ec := ed25519Key(t), ed25519Key(t), ecdsaKey(t)
	tests := []struct {
		name  string
		lines []string
		addr  string
		alias string
		want  string // "line N", "unknown", "changed", "revoked"
	}{
		{"plain name", []string{"web1 " + text(good)}, "web1:22", "", "line 1"},
		{"case does not matter", []string{"WEB1 " + text(good)}, "Web1:22", "", "line 1"},
		{"several names", []string{"a,web1,10.0.0.1 " + text(good)}, "10.0.0.1:22", "", "line 1"},
		{"several keys of a host", []string{"web1 " + text(ec), "web1 " + text(good)}, "web1:22", "", "line 2"},
		{"an old and a new key", []string{"web1 " + text(other), "web1 " + text(good)}, "web1:22", "", "line 2"},
		{"comments, blanks and CRLF", []string{"# web1", "", "  \tweb1 \t" + text(good) + " root@web1\r"}, "web1:22", "", "line 3"},
		{"CRLF without a comment", []string{"web1 " + text(good) + "\r"}, "web1:22", "", "line 1"},
		{"port in brackets", []string{"[web1]:2222 " + text(good)}, "web1:2222", "", "line 1"},
		{"port does not match another", []string{"[web1]:2222 " + text(good)}, "web1:2223", "", "unknown"},
		{"port does not match 22", []string{"[web1]:2222 " + text(good)}, "web1:22", "", "unknown"},
		{"bare name serves any port", []string{"web1 " + text(good)}, "web1:2222", "", "line 1"},
		{"bare name with another key is no change", []string{"web1 " + text(other)}, "web1:2222", "", "unknown"},
		{"IPv6", []string{"fe80::1 " + text(good)}, "[fe80::1]:22", "", "line 1"},
		{"IPv6 with port", []string{"[fe80::1]:2222 " + text(good)}, "[fe80::1]:2222", "", "line 1"},
		{"wildcard", []string{"*.example.com " + text(good)}, "a.b.example.com:22", "", "line 1"},
		{"question mark", []string{"web? " + text(good)}, "web1:22", "", "line 1"},
		{"question mark is one character", []string{"web? " + text(good)}, "web10:22", "", "unknown"},
		{"wildcard in brackets", []string{"[*.example.com]:2222 " + text(good)}, "a.example.com:2222", "", "line 1"},
		{"star takes in the port", []string{"* " + text(good)}, "web1:2222", "", "line 1"},
		{"negation after", []string{"web*,!web1 " + text(good)}, "web1:22", "", "unknown"},
		{"negation before", []string{"!web1,web* " + text(good)}, "web1:22", "", "unknown"},
		{"negation of another", []string{"web*,!web2 " + text(good)}, "web1:22", "", "line 1"},
		{"negation alone means nobody", []string{"!web2 " + text(good)}, "web1:22", "", "unknown"},
		{"hashed", []string{hashed(t, "web2") + " " + text(other), hashed(t, "web1") + " " + text(good)}, "web1:22", "", "line 2"},
		{"hashed with port", []string{hashed(t, "[web1]:2222") + " " + text(good)}, "web1:2222", "", "line 1"},
		{"changed", []string{"web1 " + text(other)}, "web1:22", "", "changed"},
		{"only another type is known", []string{"web1 " + text(ec)}, "web1:22", "", "changed"},
		{"unknown", []string{"web2 " + text(good)}, "web1:22", "", "unknown"},
		{"revoked", []string{"web1 " + text(good), "@revoked * " + text(good)}, "web1:22", "", "revoked"},
		{"revoked for other hosts", []string{"web1 " + text(good), "@revoked db* " + text(good)}, "web1:22", "", "line 1"},
		{"revoked under the bare name", []string{"[web1]:2222 " + text(good), "@revoked web1 " + text(good)}, "web1:2222", "", "revoked"},
		{"another key revoked", []string{"@revoked * " + text(other), "web1 " + text(good)}, "web1:22", "", "line 2"},
		{"a revoked line is no known key", []string{"@revoked web1 " + text(other)}, "web1:22", "", "unknown"},
		{"an authority's key is no host key", []string{"@cert-authority * " + text(good)}, "web1:22", "", "unknown"},
		{"hashed under the bare name", []string{hashed(t, "web1") + " " + text(good)}, "web1:2222", "", "line 1"},
		{"the port's own hashed key wins", []string{hashed(t, "web1") + " " + text(good), hashed(t, "[web1]:2222") + " " + text(other)}, "web1:2222", "", "changed"},
		{"hashed and changed", []string{hashed(t, "web1") + " " + text(other)}, "web1:22", "", "changed"},
		{"hashed and revoked", []string{hashed(t, "web1") + " " + text(good), "@revoked " + hashed(t, "web1") + " " + text(good)}, "web1:22", "", "revoked"},
		{"one key of many hashed hosts", []string{hashed(t, "web2") + " " + text(good), hashed(t, "web1") + " " + text(good)}, "web1:22", "", "line 2"},
		{"alias has no port", []string{"cluster " + text(good)}, "web1:2222", "Cluster", "line 1"},
		{"alias in place of the name", []string{"web1 " + text(good)}, "web1:22", "cluster", "unknown"},
		{"malformed lines are left out", []string{"web1", "web1 ssh-ed25519 !!!", "@what web1 " + text(other), "web1 " + text(good)}, "web1:22", "", "line 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Store
			hk := files(write(t, tt.lines...))
			hk.Alias = tt.alias
			how, err := s.Lookup(hk, tt.addr).Verify(good)
			if got := outcome(how, err); got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func outcome(how How, err error) string {
	if _, ok := errors.AsType[*UnknownError](err); ok {
		return "unknown"
	}
	if _, ok := errors.AsType[*ChangedError](err); ok {
		return "changed"
	}
	if _, ok := errors.AsType[*RevokedError](err); ok {
		return "revoked"
	}
	if err != nil {
		return err.Error()
	}
	_, line, _ := strings.Cut(how.String(), "known_hosts:")
	return "line " + line
}

func TestErrorsTellWhatIsKnownAndWhatToDo(t *testing.T) {
	good, other, third := ed25519Key(t), ed25519Key(t), ecdsaKey(t)
	path := write(t, "[web1]:2222 "+text(other), "[web1]:2222 "+text(third))
	var s Store

	_, err := s.Lookup(files(path), "web1:2222").Verify(good)
	changed, ok := errors.AsType[*ChangedError](err)
	if !ok {
		t.Fatalf("got %v, want a ChangedError", err)
	}
	for _, want := range []string{`"[web1]:2222"`, ssh.FingerprintSHA256(good), path + ":1", ssh.FingerprintSHA256(other), path + ":2", "ECDSA"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if want := "ssh-keygen -R '[web1]:2222' -f "; !strings.Contains(changed.Hint(), want) {
		t.Errorf("hint %q lacks %q", changed.Hint(), want)
	}

	_, err = s.Lookup(files(path), "web2:2222").Verify(good)
	unknown, ok := errors.AsType[*UnknownError](err)
	if !ok {
		t.Fatalf("got %v, want an UnknownError", err)
	}
	if want := "ssh-keyscan -p 2222 web2 >> " + path; !strings.Contains(unknown.Hint(), want) {
		t.Errorf("hint %q lacks %q", unknown.Hint(), want)
	}
	for _, text := range []string{changed.Error(), changed.Hint(), unknown.Error(), unknown.Hint()} {
		if strings.Contains(text, "\n") {
			t.Errorf("%q is more than one line", text)
		}
	}
}

func TestTheHintForAnUnknownHostMakesTheFolder(t *testing.T) {
	var s Store
	path := filepath.Join(t.TempDir(), ".ssh", "known_hosts")
	_, err := s.Lookup(files(path), "web1").Verify(ed25519Key(t))
	unknown, ok := errors.AsType[*UnknownError](err)
	if !ok {
		t.Fatalf("got %v, want an UnknownError", err)
	}
	want := "mkdir -p -m 700 " + filepath.Dir(path) + " && ssh-keyscan web1 >> " + path
	if !strings.HasSuffix(unknown.Hint(), want) {
		t.Errorf("hint %q does not end with %q", unknown.Hint(), want)
	}
}

func TestOffChecksAndReadsNothing(t *testing.T) {
	var s Store
	hk := transport.HostKey{Files: []string{filepath.Join(t.TempDir(), "missing", "known_hosts")}, Policy: transport.HostKeyOff}
	how, err := s.Lookup(hk, "web1:22").Verify(ed25519Key(t))
	if err != nil || how.Basis != NotChecked || how.String() != "not checked" {
		t.Errorf("got %v, %v", how, err)
	}
	if len(s.files) != 0 {
		t.Error("a file was looked at")
	}
}

func TestSeveralFilesAreOneInTheirOrder(t *testing.T) {
	key := ed25519Key(t)
	user, global := write(t, "web1 "+text(ecdsaKey(t))), write(t, "web1 "+text(key))
	var s Store
	k := s.Lookup(transport.HostKey{Files: []string{user, user}, GlobalFiles: []string{global, global + ".missing"}}, "web1:22")
	how, err := k.Verify(key)
	if err != nil || how.File != global {
		t.Errorf("got %v, %v", how, err)
	}
	if w := s.Warnings(); len(w) != 0 {
		t.Errorf("a missing file is no warning: %q", w)
	}
	if _, err = k.Verify(ed25519Key(t)); err == nil {
		t.Error("another key was accepted")
	}
}

func TestChangedFilesAreReadAgain(t *testing.T) {
	key := ed25519Key(t)
	path := write(t, "web2 "+text(key))
	now := time.Now()
	s := Store{clock: func() time.Time { return now }}
	k := s.Lookup(files(path), "web1:22")
	if _, err := k.Verify(key); err == nil {
		t.Fatal("known too early")
	}
	if err := os.WriteFile(path, []byte("web1 "+text(key)+"\n# and more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Verify(key); err == nil {
		t.Error("the file was read again within a second")
	}
	now = now.Add(checkEvery)
	if _, err := k.Verify(key); err != nil {
		t.Errorf("the change was not seen: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(checkEvery)
	if _, err := k.Verify(key); err == nil {
		t.Error("the removal was not seen")
	}
}

func TestWarningsAreGivenOnce(t *testing.T) {
	key := ed25519Key(t)
	path := write(t,
		"web1 "+text(key),
		"web1 ssh-ed25519",
		"web1 ssh-ed25519 %%%%",
		"web1 ssh-rsa "+strings.Fields(text(key))[1],
		"|1|short|hash "+text(key),
		"|1|a,web1 "+text(key),
		"@nobody web1 "+text(key),
		"@revoked @revoked web1 "+text(key),
		", "+text(key),
		"web1 ssh-future AAAA",
		"web1 1024 35 12345",
	)
	now := time.Now()
	s := Store{clock: func() time.Time { return now }}
	k := s.Lookup(files(path), "web1:22")
	together(8, func(int) {
		if _, err := k.Verify(key); err != nil {
			t.Error(err)
		}
	})
	got := s.Warnings()
	for i, line := range []string{":2: ", ":3: ", ":4: ", ":5: ", ":6: ", ":7: ", ":8: ", ":9: "} {
		if i >= len(got) || !strings.HasPrefix(got[i], path+line) {
			t.Fatalf("warning %d is not about %s: %q", i, line, got)
		}
	}
	if len(got) != 8 {
		t.Errorf("too many warnings: %q", got)
	}
	if err := os.WriteFile(path, []byte("web1 ssh-ed25519\n\nweb1 ssh-ed25519"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(checkEvery)
	k.knownTypes()
	if got := s.Warnings(); len(got) != 2 {
		t.Errorf("after a change: %q", got)
	}
}

func TestUnreadableFileIsAWarning(t *testing.T) {
	var s Store
	dir := t.TempDir() // reading a folder fails for root, too
	_, err := s.Lookup(files(dir), "web1:22").Verify(ed25519Key(t))
	if outcome(How{}, err) != "unknown" {
		t.Errorf("got %v", err)
	}
	if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], dir) {
		t.Errorf("got %q", w)
	}
}

func TestAlgorithmsFollowWhatIsKnown(t *testing.T) {
	ed, ec, rs := ed25519Key(t), ecdsaKey(t), rsaSigner(t).PublicKey()
	ca := "@cert-authority *.example.com " + text(ed25519Key(t))
	tests := []struct {
		name       string
		lines      []string
		addr       string
		configured []string
		legacy     bool
		first      []string // the list begins with these
		never      string   // and has none with this in its name
	}{
		{"unknown host", nil, "web1:22", nil, false, []string{"ssh-ed25519", "ecdsa-sha2-nistp256"}, "cert"},
		{"ed25519", []string{"web1 " + text(ed)}, "web1:22", nil, false, []string{"ssh-ed25519"}, "cert"},
		{"rsa", []string{"web1 " + text(rs)}, "web1:22", nil, false, []string{"rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"}, "ssh-rsa"},
		{"rsa, legacy", []string{"web1 " + text(rs)}, "web1:22", nil, true, []string{"rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-ed25519"}, "cert"},
		{"two types, in our order", []string{"web1 " + text(rs), "web1 " + text(ec)}, "web1:22", nil, false, []string{"ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"}, "cert"},
		{"hashed", []string{hashed(t, "web1") + " " + text(ec)}, "web1:22", nil, false, []string{"ecdsa-sha2-nistp256", "ssh-ed25519"}, "cert"},
		{"hashed, two types", []string{hashed(t, "web2") + " " + text(ed), hashed(t, "web1") + " " + text(rs)}, "web1:22", nil, false, []string{"rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"}, "cert"},
		{"hashed key of another host", []string{hashed(t, "web2") + " " + text(rs)}, "web1:22", nil, false, []string{"ssh-ed25519"}, "cert"},
		{"hashed authority", []string{"@cert-authority " + hashed(t, "web1") + " " + text(rs)}, "web1:22", nil, false, []string{"ssh-ed25519-cert-v01@openssh.com"}, "ssh-rsa"},
		{"bare name for a port", []string{"web1 " + text(ec)}, "web1:2222", nil, false, []string{"ecdsa-sha2-nistp256", "ssh-ed25519"}, "cert"},
		{"the port's own key wins", []string{"web1 " + text(ec), "[web1]:2222 " + text(rs)}, "web1:2222", nil, false, []string{"rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"}, "cert"},
		{"authority", []string{ca}, "web1.example.com:22", nil, false, []string{"ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com"}, "ssh-rsa"},
		{"authority of others", []string{ca}, "web1.example.org:22", nil, false, []string{"ssh-ed25519"}, "cert"},
		{"authority and key", []string{ca, "web1.example.com " + text(ec)}, "web1.example.com:22", []string{"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256"}, false, []string{"ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256", "ssh-ed25519"}, "rsa"},
		{"revoked keys are not known", []string{"@revoked * " + text(ec)}, "web1:22", nil, false, []string{"ssh-ed25519"}, "cert"},
		{"configured", []string{"web1 " + text(ec)}, "web1:22", []string{"rsa-sha2-512", "ecdsa-sha2-nistp256", "ssh-ed25519-cert-v01@openssh.com"}, false, []string{"ecdsa-sha2-nistp256", "rsa-sha2-512"}, "ed25519"},
		{"configured, of use to nobody", nil, "web1:22", []string{"ssh-what"}, false, []string{"ssh-what"}, "ed25519"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Store
			got := s.Lookup(files(write(t, tt.lines...)), tt.addr).Algorithms(tt.configured, tt.legacy)
			if len(got) < len(tt.first) || !slices.Equal(got[:len(tt.first)], tt.first) {
				t.Errorf("got %q, want first %q", got, tt.first)
			}
			if i := slices.IndexFunc(got, func(a string) bool { return strings.Contains(a, tt.never) }); i >= 0 {
				t.Errorf("offers %q", got[i])
			}
		})
	}
}

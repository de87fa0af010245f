package hostkey

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

func acceptNew(path string) transport.HostKey {
	return transport.HostKey{Files: []string{path}, Policy: transport.HostKeyAcceptNew}
}

func TestAcceptNewStoresTheKey(t *testing.T) {
	key := ed25519Key(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	path := filepath.Join(home, ".ssh", "known_hosts")
	var s Store
	how, err := s.Lookup(acceptNew(path), "Web1:2222").Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	if want := "accepted new key, stored in " + path + ":1"; how.String() != want || how.Warning != "" {
		t.Errorf("got %v, want %s", how, want)
	}
	if got, want := readFile(t, path), "[web1]:2222 "+text(key)+"\n"; got != want {
		t.Errorf("file has %q, want %q", got, want)
	}
	if runtime.GOOS != "windows" {
		for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
			info, err := os.Stat(p)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != want {
				t.Errorf("%s has mode %v", p, info.Mode())
			}
		}
	}

	how, err = s.Lookup(files(path), "web1:2222").Verify(key)
	if err != nil || how.String() != "known_hosts "+path+":1" {
		t.Errorf("at once after: %v, %v", how, err)
	}
	var fresh Store
	how, err = fresh.Lookup(files(path), "web1:2222").Verify(key)
	if err != nil || how.String() != "known_hosts "+path+":1" {
		t.Errorf("read again: %v, %v", how, err)
	}
	_, err = s.Lookup(acceptNew(path), "web1:2222").Verify(ed25519Key(t))
	if outcome(How{}, err) != "changed" {
		t.Errorf("another key: %v", err)
	}
}

func TestAcceptNewStoresHashedNames(t *testing.T) {
	key := ed25519Key(t)
	path := write(t, hashed(t, "web2")+" "+text(key))
	hk := acceptNew(path)
	hk.Hash = true
	var s Store
	if _, err := s.Lookup(hk, "web1:22").Verify(key); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, path); strings.Contains(got, "web1") || strings.Count(got, "|1|") != 2 {
		t.Errorf("file has %q", got)
	}
	var fresh Store
	how, err := fresh.Lookup(files(path), "web1:22").Verify(key)
	if err != nil || how.Line != 2 {
		t.Errorf("read again: %v, %v", how, err)
	}
}

func TestAcceptNewCompletesTheLastLine(t *testing.T) {
	key := ed25519Key(t)
	path := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(path, []byte("web2 "+text(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	var s Store
	how, err := s.Lookup(acceptNew(path), "web1:22").Verify(key)
	if err != nil || how.Line != 2 {
		t.Fatalf("got %v, %v", how, err)
	}
	if got, want := readFile(t, path), "web2 "+text(key)+"\nweb1 "+text(key)+"\n"; got != want {
		t.Errorf("file has %q", got)
	}
}

func TestParallelDialsToOneHostStoreOneLine(t *testing.T) {
	key := ed25519Key(t)
	path := write(t, "# mine")
	var s Store
	var stored atomic.Int32
	together(16, func(int) {
		how, err := s.Lookup(acceptNew(path), "web1:22").Verify(key)
		if err != nil || how.Line != 2 {
			t.Errorf("got %v, %v", how, err)
		}
		if how.Basis == Stored {
			stored.Add(1)
		}
	})
	if got := strings.Count(readFile(t, path), "web1"); got != 1 || stored.Load() != 1 {
		t.Errorf("%d lines, %d say so", got, stored.Load())
	}
}

func TestParallelDialsWithTwoKeysTrustOne(t *testing.T) {
	path := write(t)
	var s Store
	keys := []ssh.PublicKey{ed25519Key(t), ed25519Key(t)}
	var trusted atomic.Int32
	together(2, func(i int) {
		_, err := s.Lookup(acceptNew(path), "web1:22").Verify(keys[i])
		switch outcome(How{}, err) {
		case "changed":
		default:
			trusted.Add(1)
		}
	})
	if trusted.Load() != 1 {
		t.Errorf("%d keys were trusted", trusted.Load())
	}
}

func TestManyNewHostsAllEndUpInTheFile(t *testing.T) {
	const hosts = 200
	key := ed25519Key(t)
	path := write(t)
	var s Store
	together(hosts, func(i int) {
		how, err := s.Lookup(acceptNew(path), fmt.Sprintf("web%d:22", i)).Verify(key)
		if err != nil || how.Basis != Stored {
			t.Errorf("got %v, %v", how, err)
		}
	})
	var fresh Store
	for i := range hosts {
		addr := fmt.Sprintf("web%d:22", i)
		told, err := s.Lookup(files(path), addr).Verify(key)
		if err != nil {
			t.Fatal(err)
		}
		read, err := fresh.Lookup(files(path), addr).Verify(key)
		if err != nil || read != told {
			t.Fatalf("%s: told %v, the file has %v, %v", addr, told, read, err)
		}
	}
}

func TestAcceptNewSeesWhatOthersWroteMeanwhile(t *testing.T) {
	mine, theirs := ed25519Key(t), ed25519Key(t)
	path := write(t)
	var s Store
	k := s.Lookup(acceptNew(path), "web1:22")
	k.knownTypes() // the file is read, and not looked at again for a second
	if err := os.WriteFile(path, []byte("web1 "+text(theirs)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := k.Verify(mine)
	if outcome(How{}, err) != "changed" {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotBeStoredIsAcceptedWithAWarning(t *testing.T) {
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var s Store
	tests := []struct {
		name string
		hk   transport.HostKey
		addr string
	}{
		{"folder cannot be made", acceptNew(filepath.Join(inTheWay, "known_hosts")), "web1:22"},
		{"folder is missing", acceptNew(filepath.Join(dir, "a", "known_hosts")), "web1:22"},
		{"not a file", acceptNew(dir), "web1:22"},
		{"no file", transport.HostKey{Policy: transport.HostKeyAcceptNew}, "web1:22"},
		{"name that would break the file", acceptNew(filepath.Join(dir, "new")), "web1,evil:22"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			how, err := s.Lookup(tt.hk, tt.addr).Verify(ed25519Key(t))
			if err != nil || how.Basis != NotStored || !strings.Contains(how.Warning, "could not be stored") {
				t.Errorf("got %v, %q, %v", how, how.Warning, err)
			}
		})
	}
}

func TestOnlyTheUsersSSHFolderIsMade(t *testing.T) {
	dir := t.TempDir()
	var s Store
	for _, path := range []string{"a/known_hosts", "b/.ssh/known_hosts"} {
		how, err := s.Lookup(acceptNew(filepath.Join(dir, path)), "web1:22").Verify(ed25519Key(t))
		if err != nil || how.Basis != NotStored {
			t.Errorf("%s: %v, %v", path, how, err)
		}
	}
	if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
		t.Errorf("it made %v, %v", made, err)
	}
}

func TestGlobalFilesAreNeverWritten(t *testing.T) {
	path := write(t)
	var s Store
	how, err := s.Lookup(transport.HostKey{GlobalFiles: []string{path}, Policy: transport.HostKeyAcceptNew}, "web1:22").Verify(ed25519Key(t))
	if err != nil || how.Basis != NotStored || readFile(t, path) != "\n" {
		t.Errorf("got %v, %v", how, err)
	}
}

package credential

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"fleet/transport"
)

func secret(s string) transport.Secret { return transport.NewSecret(s) }

// TestKeysOfSSHKeygen logs in with every sort of key file ssh-keygen writes.
func TestKeysOfSSHKeygen(t *testing.T) {
	keygen := tool(t, "ssh-keygen")
	dir := t.TempDir()
	tests := []struct {
		name string
		args []string
		pass string
	}{
		{"ed25519", []string{"-t", "ed25519"}, ""},
		{"ed25519 locked", []string{"-t", "ed25519"}, "open sesame"},
		{"ecdsa", []string{"-t", "ecdsa", "-b", "384"}, ""},
		{"ecdsa PEM locked", []string{"-t", "ecdsa", "-m", "PEM"}, "open sesame"},
		{"rsa", []string{"-t", "rsa", "-b", "2048"}, ""},
		{"rsa PEM", []string{"-t", "rsa", "-b", "2048", "-m", "PEM"}, ""},
		{"rsa PEM locked", []string{"-t", "rsa", "-b", "2048", "-m", "PEM"}, "open sesame"},
		{"rsa PKCS8", []string{"-t", "rsa", "-b", "2048", "-m", "PKCS8"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(tt.name, " ", "-"))
			out, err := exec.Command(keygen, append(tt.args, "-q", "-a", "1", "-N", tt.pass, "-f", path)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			text, err := os.ReadFile(path + ".pub")
			check(t, err)
			pub, _, _, _, err := ssh.ParseAuthorizedKey(text)
			check(t, err)
			check(t, os.Remove(path+".pub")) // the private file must do
			s := newStore(t, func(_ context.Context, q Question) (transport.Secret, error) {
				if q.Kind != Passphrase || q.File != path {
					t.Errorf("asked %+v", q)
				}
				return secret(tt.pass), nil
			})
			log, err := login(t, s, target(transport.Login{Identities: []string{path}, Explicit: true}), accept(pub))
			if err != nil || accepted(log) != ssh.FingerprintSHA256(pub) {
				t.Errorf("got %v, %+v", err, log)
			}
		})
	}
}

func TestPassphraseIsAskedOnceForAllLogins(t *testing.T) {
	path, key := lockedFile(t)
	var asked atomic.Int32
	s := newStore(t, func(_ context.Context, q Question) (transport.Secret, error) {
		if n := asked.Add(1); q.Try != int(n) {
			t.Errorf("question %d says it is try %d", n, q.Try)
		}
		if q.Try == 1 {
			return secret("wrong"), nil
		}
		return secret("right"), nil
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			log, err := login(t, s, target(transport.Login{Identities: []string{path}}), accept(key))
			if err != nil || accepted(log) == "" {
				t.Errorf("got %v, %+v", err, log)
			}
		})
	}
	wg.Wait()
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestLockedKeysThatCannotBeOpened(t *testing.T) {
	path, _ := lockedFile(t)
	tests := []struct {
		name   string
		prompt func(context.Context, Question) (transport.Secret, error)
		asked  int32
		want   string
	}{
		{"nobody to ask", nil, 0, "it has a passphrase; load it with ssh-add"},
		{"no answer", func(context.Context, Question) (transport.Secret, error) {
			return transport.Secret{}, errors.New("no terminal")
		}, 1, "could not be asked for (no terminal); load it with ssh-add, or let SSH_ASKPASS"},
		{"wrong each time", func(context.Context, Question) (transport.Secret, error) { return secret("no"), nil }, 3, "the passphrase was wrong"},
		{"empty answer", func(context.Context, Question) (transport.Secret, error) { return secret(""), nil }, 1, "no passphrase was given"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			prompt := tt.prompt
			if prompt != nil {
				prompt = func(ctx context.Context, q Question) (transport.Secret, error) {
					asked.Add(1)
					return tt.prompt(ctx, q)
				}
			}
			s := newStore(t, prompt)
			tg := target(transport.Login{Identities: []string{path}, Explicit: true})
			check(t, s.Preload(t.Context(), []transport.Target{*tg, *tg}))
			check(t, s.Preload(t.Context(), []transport.Target{*tg}))
			l, err := s.Login(t.Context(), tg)
			check(t, err)
			if n := l.Log(nil).Notices; len(n) != 1 || !strings.Contains(n[0], tt.want) || !strings.Contains(n[0], path) {
				t.Errorf("notices %q, want %q", n, tt.want)
			}
			if asked.Load() != tt.asked {
				t.Errorf("asked %d times", asked.Load())
			}
		})
	}
}

func TestPreloadAsksBeforeAndOnlyForWhatIsNeeded(t *testing.T) {
	lockedPath, _ := lockedFile(t)
	openPath := keyFile(t, newEd25519(t))
	var asked []string
	s := newStore(t, func(_ context.Context, q Question) (transport.Secret, error) {
		asked = append(asked, q.File)
		return secret("right"), nil
	})
	check(t, s.Preload(t.Context(), []transport.Target{*target(transport.Login{Identities: []string{lockedPath, openPath}})}))
	if len(asked) != 0 {
		t.Errorf("asked for %q, though another default is open", asked)
	}
	through := target(transport.Login{})
	through.Jump = []transport.Target{*target(transport.Login{Identities: []string{lockedPath}, Explicit: true})}
	check(t, s.Preload(t.Context(), []transport.Target{*through, *through}))
	if !slices.Equal(asked, []string{lockedPath}) {
		t.Errorf("asked for %q", asked)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("Ctrl-C")
	cancel(cause)
	if err := s.Preload(ctx, []transport.Target{*through}); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestPreloadTellsEveryKeyFileThatIsOfNoUseOnce(t *testing.T) {
	locked, _ := lockedFile(t)
	missing := filepath.Join(t.TempDir(), "missing")
	empty := writeFile(t, "empty", nil)
	s := newStore(t, func(context.Context, Question) (transport.Secret, error) {
		t.Error("asked, though nothing will run")
		return secret("right"), nil
	})
	named := func(files ...string) transport.Target {
		return *target(transport.Login{Identities: files, Explicit: true})
	}
	through := named(locked)
	through.Jump = []transport.Target{named(empty)}
	other := named(missing)
	other.Login.IdentitiesOnly = true
	err := s.Preload(t.Context(), []transport.Target{named(missing), through, other, named(missing)})
	want := fmt.Sprintf("identity %q: no such file or directory\nidentity %q: it is empty", missing, empty)
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	var many []transport.Target
	for i := range 9 {
		many = append(many, named(missing+fmt.Sprint(i)))
	}
	if err := s.Preload(t.Context(), many); err == nil || strings.Count(err.Error(), "\n") != 5 || !strings.HasSuffix(err.Error(), "\nand 4 more key files") {
		t.Errorf("got %v", err)
	}
}

func TestBatchAsksNobody(t *testing.T) {
	path, key := lockedFile(t)
	s := newStore(t, func(_ context.Context, q Question) (transport.Secret, error) {
		t.Errorf("asked %q", q.Text)
		return secret("right"), nil
	})
	tg := target(transport.Login{Identities: []string{path}, Explicit: true, Batch: true})
	check(t, s.Preload(t.Context(), []transport.Target{*tg}))
	log, err := login(t, s, tg, &ssh.ServerConfig{
		PublicKeyCallback: accept(key).PublicKeyCallback,
		PasswordCallback:  func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil },
		KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			_, err := ask("", "", []string{"Code: "}, []bool{true})
			return nil, err
		},
	})
	if err == nil || len(log.Notices) != 1 || !strings.Contains(log.Notices[0], "it has a passphrase") {
		t.Errorf("got %v, %+v", err, log)
	}
}

func TestUnusableIdentities(t *testing.T) {
	ok := keyFile(t, newEd25519(t))
	missing := filepath.Join(t.TempDir(), "missing")
	wide := keyFile(t, newEd25519(t))
	check(t, os.Chmod(wide, 0o640))
	whole, err := os.ReadFile(ok)
	check(t, err)
	public := writeFile(t, "id.pub", ssh.MarshalAuthorizedKey(publicOf(t, newEd25519(t))))
	tests := []struct {
		name, path, err, hint string
		silent                bool // as a default
	}{
		{"missing", missing, "no such file", "", true},
		{"readable by others", wide, "others may read it (mode 0640)", "chmod 600 " + wide, false},
		{"public key", public, "the agent does not hold the private one", "ssh-add", false},
		{"folder", t.TempDir(), "is a directory", "", false},
		{"empty", writeFile(t, "id", []byte("\n")), "it is empty", "", false},
		{"cut short", writeFile(t, "id", whole[:len(whole)/2]), "cut short: its last line is missing", "copy it again", false},
		{"damaged", writeFile(t, "id", bytes.Replace(whole, []byte("b3BlbnNzaC"), []byte("b3BlbnNza!"), 1)), "damaged", "copy it again", false},
		{"changed", writeFile(t, "id", bytes.Replace(whole, []byte("b3BlbnNzaC"), []byte("b3BlbnNzaD"), 1)), "cannot be read", "", false},
		{"in a security device", writeFile(t, "id", pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: []byte("sk-ssh-ed25519@openssh.com")})), "security device", "ssh-add", false},
		{"not a key", writeFile(t, "id", []byte("hello")), "not a private key", "", false},
		{"PuTTY", writeFile(t, "id", []byte("PuTTY-User-Key-File-3: ssh-ed25519\n")), "PuTTY", "puttygen", false},
		{"encrypted PKCS8", writeFile(t, "id", pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY"})), "PKCS#8", "ssh-keygen -p", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "readable by others" && runtime.GOOS == "windows" {
				return
			}
			s := newStore(t, nil)
			_, err := s.Login(t.Context(), target(transport.Login{Identities: []string{ok, tt.path}, Explicit: true}))
			e, isErr := errors.AsType[*transport.Error](err)
			if !isErr || e.Kind != transport.KindAuth || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), tt.path) || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("named: got %v, %+v", err, e)
			}
			optional, err := s.Login(t.Context(), target(transport.Login{Identities: []string{tt.path, ok}, Explicit: true, Optional: true}))
			check(t, err)
			if n := optional.Log(nil).Notices; len(n) != 1 || !strings.Contains(n[0], tt.err) || len(optional.candidates) != 1 {
				t.Errorf("named by ssh_config: notices %q, %d candidates", n, len(optional.candidates))
			}
			l, err := s.Login(t.Context(), target(transport.Login{Identities: []string{tt.path, ok}}))
			check(t, err)
			n := l.Log(nil).Notices
			if tt.silent && len(n) > 0 || !tt.silent && (len(n) != 1 || !strings.Contains(n[0], tt.err) || !strings.Contains(n[0], tt.hint)) {
				t.Errorf("default: notices %q", n)
			}
			if len(l.candidates) != 1 || l.candidates[0].offer.File != ok {
				t.Errorf("default: %d candidates", len(l.candidates))
			}
		})
	}
}

func TestChangedFilesAreReadAgain(t *testing.T) {
	path := keyFile(t, newEd25519(t))
	check(t, os.Chmod(path, 0o644))
	w := &watched[*private]{path: path, parse: parsePrivate}
	p, err := w.get()
	check(t, err)
	if p.problem == nil && runtime.GOOS != "windows" {
		t.Error("no problem seen")
	}
	check(t, os.Chmod(path, 0o600))
	if again, _ := w.get(); again != p {
		t.Error("the file was read again within a second")
	}
	state := *w.state.Load()
	state.checked = time.Now().Add(-checkEvery)
	w.state.Store(&state)
	p2, err := w.get()
	if err != nil || p2.problem != nil {
		t.Errorf("after chmod: %v, %v", err, p2.problem)
	}
	state = *w.state.Load()
	state.checked = time.Now().Add(-checkEvery)
	w.state.Store(&state)
	if p3, _ := w.get(); p3 != p2 {
		t.Error("an unchanged file was parsed again")
	}
}

package secret

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"fleet/internal/term"
	"fleet/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A desk is a Resolver with what it needs around it.
type desk struct {
	Config
	dir      string
	mu       sync.Mutex // guards what follows
	warnings []string
	learned  []string
	asked    []string
}

// newDesk has files in a folder, and a user who answers all questions with answer.
func newDesk(t *testing.T, answer string, files map[string]string) *desk {
	t.Helper()
	d := &desk{dir: t.TempDir()}
	for name, text := range files {
		d.write(t, name, text, 0o600)
	}
	env := map[string]string{"HOME": d.dir, "SET": "from env", "EMPTY": "", "LINES": "a\nb\n"}
	d.LookupEnv = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	d.Warn = func(text string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.warnings = append(d.warnings, text)
	}
	d.Learned = func(s transport.Secret) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.learned = append(d.learned, s.Reveal())
	}
	d.Ask = func(_ context.Context, question string) (transport.Secret, error) {
		d.asked = append(d.asked, question)
		return transport.NewSecret(answer), nil
	}
	return d
}

func (d *desk) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// resolve resolves one secret, "it".
func (d *desk) resolve(ctx context.Context, p Provider) (string, error) {
	d.Secrets = map[string]Provider{"it": p}
	s, err := NewResolver(d.Config).Resolve(ctx, "it")
	return s.Reveal(), err
}

// check compares an outcome: failure is what the error says, or empty. An error
// must have nothing in it that begins with "s3cret".
func check(t *testing.T, got string, err error, want, failure string) {
	t.Helper()
	switch {
	case failure == "" && err != nil:
		t.Error(err)
	case failure != "" && (err == nil || !strings.Contains(err.Error(), failure)):
		t.Errorf("error %v, want %q", err, failure)
	case got != want:
		t.Errorf("got %q, want %q", got, want)
	}
	if err != nil && strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the secret is in %v", err)
	}
}

func TestEnvAndFile(t *testing.T) {
	d := newDesk(t, "", map[string]string{
		"plain": "s3cret\n", "dos": "s3cret\r\n", "two": "s3cret\n\n", "none": "s3cret", "spaces": "  s3cret ",
		"empty": "", "newline": "\n", "latin": "s3cr\xe9t", "nul": "s3cret\x00", "big": strings.Repeat("s3cret", 11000), "huge": strings.Repeat("x", 1<<20),
		"most": strings.Repeat("x", textMax) + "\n",
	})
	tests := []struct {
		p             Provider
		want, failure string
	}{
		{Env{Name: "SET"}, "from env", ""},
		{Env{Name: "LINES"}, "a\nb\n", ""},
		{Env{Name: "EMPTY"}, "", `secret "it": the environment variable EMPTY is empty`},
		{Env{Name: "UNSET"}, "", "UNSET is not set"},
		{Env{}, "", `"" is not the name`},
		{Env{Name: "A=B"}, "", `"A=B" is not the name`},
		{File{Dir: d.dir, Path: "plain"}, "s3cret", ""},
		{File{Dir: d.dir, Path: "dos"}, "s3cret", ""},
		{File{Dir: d.dir, Path: "two"}, "s3cret\n", ""},
		{File{Dir: d.dir, Path: "none"}, "s3cret", ""},
		{File{Dir: d.dir, Path: "spaces"}, "  s3cret ", ""},
		{File{Dir: "/nonexistent", Path: "~/plain"}, "s3cret", ""},
		{File{Dir: "/nonexistent", Path: filepath.Join(d.dir, "plain")}, "s3cret", ""},
		{File{Dir: d.dir, Path: "most"}, strings.Repeat("x", textMax), ""},
		{File{Dir: d.dir, Path: "~plain"}, "", "~plain"},
		{File{Dir: d.dir, Path: "empty"}, "", "empty"},
		{File{Dir: d.dir, Path: "newline"}, "", "it is empty"},
		{File{Dir: d.dir, Path: "latin"}, "", "it is not text in UTF-8"},
		{File{Dir: d.dir, Path: "nul"}, "", "it holds a NUL byte"},
		{File{Dir: d.dir, Path: "big"}, "", "it is larger than 16 KiB"},
		{File{Dir: d.dir, Path: "huge"}, "", "it is larger than 16 KiB"},
		{File{Dir: d.dir, Path: "missing"}, "", "missing"},
		{File{Dir: d.dir, Path: "."}, "", "is a folder"},
		{File{Dir: d.dir, Path: ""}, "", "file is empty"},
		{File{Path: "/dev/zero"}, "", "is not a regular file"},
	}
	for _, tt := range tests {
		got, err := d.resolve(t.Context(), tt.p)
		check(t, got, err, tt.want, tt.failure)
	}
	if len(d.warnings) > 0 {
		t.Errorf("warnings: %v", d.warnings)
	}
}

func TestAFileThatAllCanReadIsWarnedAbout(t *testing.T) {
	d := newDesk(t, "", nil)
	d.write(t, "open", "s3cret\n", 0o644)
	got, err := d.resolve(t.Context(), File{Dir: d.dir, Path: "open"})
	check(t, got, err, "s3cret", "")
	if len(d.warnings) != 1 || !strings.Contains(d.warnings[0], "chmod o-r") {
		t.Errorf("warnings: %q", d.warnings)
	}
}

func TestPrompt(t *testing.T) {
	d := newDesk(t, "typed", nil)
	got, err := d.resolve(t.Context(), Prompt{Question: "Database password"})
	check(t, got, err, "typed", "")
	_, _ = d.resolve(t.Context(), Prompt{Question: "Again: "})
	if strings.Join(d.asked, "|") != "Database password: |Again: " {
		t.Errorf("asked %q", d.asked)
	}
	_, err = d.resolve(t.Context(), Prompt{})
	check(t, "", err, "", "no question")

	for _, tt := range []struct {
		ask  func(context.Context, string) (transport.Secret, error)
		want string
		is   error
	}{
		{nil, "nobody may be asked; hint: where", nil},
		{func(context.Context, string) (transport.Secret, error) {
			return transport.Secret{}, fmt.Errorf("ask: %w", term.ErrNoTerminal)
		}, `secret "it": no terminal to ask on; hint: where`, term.ErrNoTerminal},
		{func(context.Context, string) (transport.Secret, error) {
			return transport.Secret{}, term.ErrInterrupted
		}, "interrupted", term.ErrInterrupted},
		{func(context.Context, string) (transport.Secret, error) { return transport.Secret{}, nil }, "nothing was typed", nil},
	} {
		d.Ask = tt.ask
		_, err := d.resolve(t.Context(), Prompt{Question: "?"})
		check(t, "", err, "", tt.want)
		if tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%v is not %v", err, tt.is)
		}
	}
}

func TestEachSecretIsResolvedOnce(t *testing.T) {
	d := newDesk(t, "", nil)
	started, going := make(chan struct{}), make(chan struct{})
	asked := 0
	d.Ask = func(context.Context, string) (transport.Secret, error) {
		if asked++; asked == 1 {
			close(started)
			<-going
		}
		return transport.NewSecret("answer"), nil
	}
	d.Secrets = map[string]Provider{"one": Prompt{Question: "1"}, "two": Env{Name: "SET"}, "bad": Env{Name: "UNSET"}}
	r := NewResolver(d.Config)
	var all sync.WaitGroup
	resolve := func(name, want string) {
		if s, err := r.Resolve(t.Context(), name); err != nil || s.Reveal() != want {
			t.Errorf("%s: %q, %v", name, s.Reveal(), err)
		}
	}
	for range 8 {
		all.Go(func() { resolve("one", "answer") })
	}
	<-started
	resolve("two", "from env") // a question holds nobody up who needs none
	if v := r.Values(); len(v) != 1 || v[0].Reveal() != "from env" {
		t.Errorf("values: %d", len(v))
	}
	close(going)
	all.Wait()
	for range 2 {
		if _, err := r.Resolve(t.Context(), "bad"); err == nil {
			t.Error("no error")
		}
	}
	if asked != 1 || len(r.Values()) != 2 || len(d.learned) != 3 { // the answer, as typed and as the value
		t.Errorf("asked %d times, %d values, learned %q", asked, len(r.Values()), d.learned)
	}
}

func TestACallerWhoGivesUpLeavesTheOthersAChance(t *testing.T) {
	d := newDesk(t, "", nil)
	started := make(chan struct{}, 2)
	d.Ask = func(ctx context.Context, _ string) (transport.Secret, error) {
		started <- struct{}{}
		if ctx.Value(d) == nil {
			return transport.NewSecret("answer"), nil
		}
		<-ctx.Done()
		return transport.Secret{}, ctx.Err()
	}
	d.Secrets = map[string]Provider{"one": Prompt{Question: "1"}}
	r := NewResolver(d.Config)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), d, true))
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := r.Resolve(ctx, "one"); !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
	})
	<-started
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := r.Resolve(gone, "one"); !errors.Is(err, context.Canceled) {
		t.Errorf("who does not wait: %v", err)
	}
	all.Go(func() {
		if s, err := r.Resolve(t.Context(), "one"); err != nil || s.Reveal() != "answer" {
			t.Errorf("the second: %v", err)
		}
	})
	cancel()
	all.Wait()
}

func FuzzExtraction(f *testing.F) {
	for _, s := range []string{"a.b.0", `["a"]["b"][0]`, "a..b", "a]b", "0.1", "", "x.99999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		path, err := extraction(key)
		if err != nil || key == "" || key[0] == '[' {
			return
		}
		if !strings.HasPrefix(path, "[") || !strings.HasSuffix(path, "]") || strings.Count(path, "[") != strings.Count(key, ".")+1 {
			t.Errorf("%q became %q", key, path)
		}
	})
}

func TestExtraction(t *testing.T) {
	for _, tt := range []struct{ key, want, failure string }{
		{"", "", ""},
		{"password", `["password"]`, ""},
		{"a.b.0", `["a"]["b"][0]`, ""},
		{"2.x-y", `[2]["x-y"]`, ""},
		{`["a.b"][0]`, `["a.b"][0]`, ""},
		{"a.", "", "is not a key"},
		{`a"b`, "", "is not a key"},
		{"a[0]", "", "is not a key"},
	} {
		got, err := extraction(tt.key)
		check(t, got, err, tt.want, tt.failure)
	}
}

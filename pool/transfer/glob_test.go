//go:build !windows

package transfer

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"fleet/transport"
)

func TestGlobNamesWhatAShellWould(t *testing.T) {
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		lay(t, h.local(""), map[string]string{
			"log/a.log": "", "log/b.log": "", "log/.hidden.log": "", "log/c.txt": "", "log/[x]": "", "log/new\nline.log": "",
			"log/sub/d.log": "", "log/way": "-> sub", "log/nowhere": "-> gone", "web1/app/log": "", "web2/app/log": "", "web3/app/": "", "web4": "",
		})
		r := h.open(t)
		for _, tt := range []struct{ pattern, want string }{
			{"log/*.log", "log/a.log|log/b.log|log/new\nline.log"},
			{"log/.*", "log/.hidden.log"},
			{"log/[ab].log", "log/a.log|log/b.log"},
			{"log/[!a].log", "log/b.log"},
			{"log/?.???", "log/a.log|log/b.log|log/c.txt"},
			{`log/\[*`, "log/[x]"},
			{"log/{a,b}*", ""},
			{"log/*/", "log/sub/|log/way/"},
			{"log/n*", "log/new\nline.log|log/nowhere"},
			{"web*/app/log", "web1/app/log|web2/app/log"},
			{"web*/*/*", "web1/app/log|web2/app/log"},
			{"nothing/*", ""},
			{"log/a.log/*", ""},
		} {
			got, err := r.Glob(t.Context(), h.path(tt.pattern))
			must(t, err)
			var want []string
			if tt.want != "" {
				for name := range strings.SplitSeq(tt.want, "|") {
					want = append(want, h.path(name))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", tt.pattern, got, want)
			}
		}
		if got, err := r.Glob(t.Context(), "~/no such file"); err != nil || !slices.Equal(got, []string{"~/no such file"}) {
			t.Errorf("a plain path: %q, %v", got, err)
		}
		if _, err := r.Glob(t.Context(), "/tmp/[a"); err == nil {
			t.Error("an open bracket is no error")
		}
	})
}

// A host that tells of names without an end gets an error, not a part of the answer.
func TestGlobOfTooManyNames(t *testing.T) {
	r := &Remote{host: &Host{Transport: manyNames{}}, commands: true}
	r.sys = &shellSystem{r}
	r.facts.login = "/"
	if got, err := r.Glob(t.Context(), "/many/*"); !errors.Is(err, errManyNames) {
		t.Errorf("got %d paths and %v", len(got), err)
	}
}

// manyNames prints more names than are looked through.
type manyNames struct{ transport.Transport }

func (manyNames) Run(_ context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
	names := bytes.Repeat([]byte("name\x00"), 1<<20)
	for range globNamesMax/len(names) + 1 {
		if _, err := c.Stdout.Write(names); err != nil {
			return transport.Status{}, err
		}
	}
	return transport.Status{}, nil
}

func TestGlobTellsThatItMayNotLook(t *testing.T) {
	h := sshdHost(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can make a folder that the user may not read")
	}
	must(t, os.Mkdir(h.local("closed"), 0o700))
	if got, err := h.open(t).Glob(t.Context(), h.path("closed/*")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %q, %v", got, err)
	}
}

//go:build !windows

package pool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// A recorder keeps the steps of a trace.
type recorder struct {
	mu    sync.Mutex
	steps []pool.Step
}

func (r *recorder) add(s pool.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, s)
}

// names are the names of the steps of one host, those that failed with a "!".
func (r *recorder) names(host string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, s := range r.steps {
		name := s.Name
		if s.Err != nil {
			name += "!"
		}
		if s.Host == host {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func (r *recorder) find(name string) *pool.Step {
	i := slices.IndexFunc(r.steps, func(s pool.Step) bool { return s.Name == name })
	if i < 0 {
		return new(pool.Step)
	}
	return &r.steps[i]
}

// traced runs a command on target, and ends the pool.
func traced(t *testing.T, target transport.Target) (*recorder, error) {
	t.Helper()
	var r recorder
	p := pool.New(pool.Config{Trace: r.add})
	_, err := p.Run(context.Background(), target, &transport.Command{Script: "true"})
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return &r, err
}

func TestATraceTellsEveryStepInOrder(t *testing.T) {
	_, target := serve(t, sshd.Config{})
	r, err := traced(t, target)
	if err != nil {
		t.Fatal(err)
	}
	const want = "tcp version algorithms hostkey login ready session command status channel close"
	if got := r.names("host"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for i, s := range r.steps[1:] {
		if s.At.Before(r.steps[i].At) {
			t.Errorf("%s is earlier than %s", s.Name, r.steps[i].Name)
		}
	}
	if got := r.find("status").Lines[0]; got != "ended with status 0" {
		t.Errorf("status: %q", got)
	}
	algorithms := r.find("algorithms").Algorithms
	if len(algorithms) != 6 {
		t.Fatalf("algorithms: %v", algorithms)
	}
	for _, a := range algorithms {
		if a.Chosen != pool.Implicit && (!slices.Contains(a.Client, a.Chosen) || !slices.Contains(a.Server, a.Chosen)) {
			t.Errorf("%s: chosen is %q of %q and %q", a.Use, a.Chosen, a.Client, a.Server)
		}
	}
}

func TestATraceOfAJumpTellsBothHosts(t *testing.T) {
	_, jump := serve(t, sshd.Config{})
	_, target := serve(t, sshd.Config{})
	jump.Name = "jump"
	target.Jump = []transport.Target{jump}
	r, err := traced(t, target)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.names("jump"); got != "tcp version algorithms hostkey login ready close" {
		t.Errorf("jump: %s", got)
	}
	if got := r.names("host"); !strings.HasPrefix(got, "jump version algorithms hostkey login ready session ") {
		t.Errorf("host: %s", got)
	}
}

func TestATraceNamesTheStepThatFailed(t *testing.T) {
	tests := []struct {
		name   string
		config sshd.Config
		change func(*transport.Target)
		want   string
	}{
		{"mute", sshd.Config{Faults: sshd.Faults{Mute: true}}, nil, "tcp version!"},
		{"garbage", sshd.Config{Faults: sshd.Faults{Garbage: "HTTP/1.1 400 Bad Request\r\n\r\n"}}, nil, "tcp version!"},
		{"silent", sshd.Config{Faults: sshd.Faults{SilentAuth: true}}, nil, "tcp version algorithms hostkey login!"},
		{
			"host key",
			sshd.Config{},
			func(t *transport.Target) { t.HostKey.Policy = transport.HostKeyStrict },
			"tcp version algorithms hostkey!",
		},
		{
			"algorithms",
			sshd.Config{},
			func(t *transport.Target) { t.Link.KeyExchanges = []string{"diffie-hellman-group1-sha1"} },
			"tcp version algorithms algorithms!",
		},
		{
			"login",
			sshd.Config{Password: "right"},
			func(t *transport.Target) { t.Login.Password = transport.NewSecret("wrong") },
			"tcp version algorithms hostkey login login login!",
		},
		{
			"proxy command that fails",
			sshd.Config{},
			func(t *transport.Target) { t.Proxy = "exit 1" },
			"proxy proxy!",
		},
		{
			"proxy command that hangs",
			sshd.Config{},
			func(t *transport.Target) { t.Proxy, t.Link.ConnectTimeout = "sleep 60", time.Second },
			"proxy proxy!",
		},
		{
			"name",
			sshd.Config{},
			func(t *transport.Target) { t.Address = "name.invalid" },
			"resolve!",
		},
		{
			"session",
			sshd.Config{Faults: sshd.Faults{MaxSessions: -1}},
			nil,
			"tcp version algorithms hostkey login ready session! close",
		},
		{
			"status",
			sshd.Config{Faults: sshd.Faults{NoExitStatus: true}},
			nil,
			"tcp version algorithms hostkey login ready session command channel status! close",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, target := serve(t, tt.config)
			if strings.HasSuffix(tt.want, "version!") || strings.HasSuffix(tt.want, "login!") {
				target.Link.ConnectTimeout = 2 * time.Second // some of these never answer
			}
			if tt.change != nil {
				tt.change(&target)
			}
			r, err := traced(t, target)
			if err == nil {
				t.Fatal("no error")
			}
			if got := r.names("host"); got != tt.want {
				t.Errorf("got  %s\nwant %s\n%v", got, tt.want, err)
			}
			for _, s := range r.steps {
				var e *transport.Error
				if s.Err != nil && !errors.As(s.Err, &e) {
					t.Errorf("%s: %v has no kind", s.Name, s.Err)
				}
			}
		})
	}
}

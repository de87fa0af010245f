//go:build !windows

package pool_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"testing"

	"golang.org/x/sync/errgroup"

	"fleet/agent"
	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
	"fleet/transport/transporttest"
)

// throughAgent is a pool behind an agent, both of which end with the test.
func throughAgent(t *testing.T, p *pool.Pool) *agent.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "agent.sock")
	ln, err := agent.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	server := agent.NewServer(agent.Config{Transport: p, Socket: socket})
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { served <- server.Serve(ctx, ln) }() // ends with stop
	client, err := agent.Dial(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestTheAgentKeepsTheContractOnTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	transporttest.Run(t, throughAgent(t, newPool(t, pool.Config{Linger: -1})), target, transporttest.Options{})
}

func TestTheAgentKeepsTheContractOnRealSSHD(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	transporttest.Run(t, throughAgent(t, newPool(t, pool.Config{Linger: -1, OpenAhead: true})), target, transporttest.Options{SkipTerminal: !sshdHasTerminals(t)})
}

// A host that was restarted under the agent is reached again by the next command.
func TestAHostThatWasRestartedUnderTheAgentIsReachedAgain(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]func(*testing.T) transport.Target{
		"embedded": func(t *testing.T) transport.Target {
			_, target := serve(t, sshd.Config{})
			return target
		},
		"OpenSSH": func(t *testing.T) transport.Target {
			_, target := startSSHD(t, opensshd.Options{})
			return target
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := host(t)
			network := newRelay(t, &target)
			p := newPool(t, pool.Config{Linger: -1, OpenAhead: true})
			client := throughAgent(t, p)
			for range 3 {
				if got := through(t.Context(), client, target, &transport.Command{Script: "echo here"}); got.err != nil || got.out != "here\n" {
					t.Fatalf("got %q, %v", got.out, got.err)
				}
				network.cut()
				eventually(t, patience, "the end of the connection", func() bool { return len(p.Snapshot().Connections) == 0 })
			}
		})
	}
}

// What is open after many commands is what was open after a few.
func TestManyCommandsThroughTheAgentLeaveNothing(t *testing.T) {
	many := 10_000
	if testing.Short() {
		many = 1000
	}
	_, target := serve(t, sshd.Config{Exec: announcer()})
	client := throughAgent(t, newPool(t, pool.Config{Linger: -1, OpenAhead: true}))
	loop := func(n int) {
		t.Helper()
		g, ctx := errgroup.WithContext(t.Context())
		for range 8 {
			g.Go(func() error {
				for range n / 8 {
					if got := through(ctx, client, target, &transport.Command{Script: "true"}); got.err != nil || !got.status.OK() {
						return fmt.Errorf("%+v: %w", got.status, got.err)
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	loop(many / 10)
	files, goroutines, heap := taken(t)
	loop(many)
	var now [3]int
	eventually(t, patience, "what it was before", func() bool { // the last ones are about to end
		now[0], now[1], now[2] = taken(t)
		return now[0] <= files && now[1] <= goroutines && now[2] <= heap+4<<20
	})
	t.Logf("before and after: files %d, %d; goroutines %d, %d; heap %d, %d", files, now[0], goroutines, now[1], heap, now[2])
}

// What runs commands is enough of a transport here.
type runs interface {
	Run(context.Context, transport.Target, *transport.Command) (transport.Status, error)
}

// through runs c by any transport and collects its output.
func through(ctx context.Context, tr runs, target transport.Target, c *transport.Command) outcome {
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	st, err := tr.Run(ctx, target, c)
	return outcome{st, out.String(), errOut.String(), err}
}

// announcer answers every command without running it.
func announcer() func(context.Context, *sshd.Exec) int {
	nonce := regexp.MustCompile(`echo (fleet-[0-9a-f]+) run`)
	return func(_ context.Context, e *sshd.Exec) int {
		m := nonce.FindStringSubmatch(e.Command)
		if m == nil {
			return 127
		}
		if _, err := fmt.Fprintf(e.Stdout, "%s run 1 1\n", m[1]); err != nil {
			return 1
		}
		return 0
	}
}

// taken is what this process, with server, agent and client in it, holds.
func taken(t *testing.T) (files, goroutines, heap int) {
	t.Helper()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if list, err := os.ReadDir("/proc/self/fd"); err == nil { // Linux
		files = len(list)
	}
	return files, runtime.NumGoroutine(), int(m.HeapInuse)
}

//go:build linux

package pool_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// A server that allows no session more leaves none to stop a command by.
func TestCommandsAreStoppedAndVerifiedWhereNoSessionIsLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit, commands int
		stdin           bool
	}{{1, 1, false}, {1, 2, false}, {1, 1, true}, {2, 3, true}, {10, 12, false}} {
		name := "MaxSessions " + itoa(test.limit) + " commands " + itoa(test.commands)
		if test.stdin {
			name += " with stdin"
		}
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, target := startSSHD(t, opensshd.Options{Config: []string{"MaxSessions " + itoa(test.limit)}})
			p := newPool(t, pool.Config{OpenAhead: true, Linger: -1})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			m := newMark()
			var begun, ended sync.WaitGroup
			begun.Add(test.commands)
			for range test.commands {
				ended.Go(func() {
					out := watch("ready")
					c := &transport.Command{Script: m.exported() + everySort, Stdout: out, Grace: time.Second}
					if test.stdin {
						c.Stdin = endless(t)
					}
					done := make(chan struct{})
					go func() {
						defer begun.Done()
						select {
						case <-out.seen:
						case <-done:
						}
					}()
					_, err := p.Run(ctx, target, c)
					close(done)
					if e := failedAs(t, err, transport.KindCanceled); !e.Sent || !e.Stopped {
						t.Errorf("got %+v, want sent and stopped", e)
					}
				})
			}
			begun.Wait()
			cancel()
			ended.Wait()
			if left := m.alive(); len(left) > 0 {
				t.Errorf("said to be stopped, but left: %v", left)
				m.mustEnd(t)
			}
		})
	}
}

func TestManyCommandsRunAtOneTimeWhateverTheServerAllows(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 2, 10} {
		for _, stdin := range []bool{false, true} {
			name := "MaxSessions " + itoa(limit)
			if stdin {
				name += " with stdin"
			}
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				_, target := serve(t, sshd.Config{Faults: sshd.Faults{MaxSessions: limit}})
				p := newPool(t, pool.Config{OpenAhead: true, Linger: -1})
				for range 2 {
					var all sync.WaitGroup
					for i := range 40 {
						all.Go(func() {
							c := &transport.Command{Script: "cat; exit $1", Args: []string{itoa(i)}}
							if stdin {
								c.Stdin = strings.NewReader("given")
							}
							got := run(t.Context(), p, target, c)
							if got.err != nil || got.status.Code != i || stdin != (got.out == "given") {
								t.Errorf("command %d: %+v", i, got)
							}
						})
					}
					all.Wait()
				}
				if st := p.Stat(); st.Sessions != 0 || st.Connections > 2*16 {
					t.Errorf("in the end: %+v", st)
				}
			})
		}
	}
}

// A channel that was opened ahead and refused is not the next command's fault.
func TestARefusalAheadOfNeedIsForgotten(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{OpenAhead: true, Linger: -1})
	limits := []int{0, -1, 0, -1, 0, 0} // the second one has a channel already, and the next one finds a refusal
	for i, limit := range limits {
		if err := s.SetFaults(sshd.Faults{MaxSessions: limit}); err != nil {
			t.Fatal(err)
		}
		st, err := p.Run(t.Context(), target, &transport.Command{Script: "exit 3"})
		if err != nil || st.Code != 3 {
			t.Errorf("command %d: got %+v, %v", i+1, st, err)
		}
		eventually(t, patience, "answered", p.Ahead)
	}
}

// Commands that follow one another find a channel that the server has confirmed
// already: it is opened while the one before runs, or, on a server that has no room
// for it, at its end.
func TestAChannelIsOpenAheadOfTheNextCommand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		limit int
		words string // of the script: a long one is no single packet for the joiner
	}{{"as it comes", 0, ""}, {"some", 10, ""}, {"one", 1, ""}, {"long", 0, strings.Repeat("x", 1500) + " " + strings.Repeat("y", 1500) + "\n: " + strings.Repeat("z", 1800)}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, target := serve(t, sshd.Config{Faults: sshd.Faults{MaxSessions: test.limit}})
			p := newPool(t, pool.Config{OpenAhead: true, Linger: -1})
			for range 4 {
				during := 0
				got := run(t.Context(), p, target, &transport.Command{Script: ": " + test.words, Started: func() { during = p.ChannelsAhead() }})
				if got.err != nil {
					t.Fatal(got.err)
				}
				if test.limit != 1 && during != 1 {
					t.Errorf("%d channels are open ahead while a command runs, want 1", during)
				}
				eventually(t, patience, "answered", p.Ahead)
			}
			if n := p.ChannelsAhead(); n != 1 || p.Stat().Connections != 1 {
				t.Errorf("%d channels are open ahead, want 1; %+v", n, p.Stat())
			}
		})
	}
}

func TestAServerWithoutSessionsIsToldAsThat(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{Faults: sshd.Faults{MaxSessions: -1}})
	got := run(t.Context(), newPool(t, pool.Config{}), target, &transport.Command{Script: "true"})
	if e := failedAs(t, got.err, transport.KindRefused, "allows no session"); e.Sent || !e.Stopped {
		t.Errorf("got %+v, want not sent", e)
	}
}

// A stop has to get past all the output that is on its way.
func TestAFloodOfOutputIsStoppedAsWell(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	p := newPool(t, pool.Config{})
	for _, script := range []string{"while :; do echo x; done", "echo ready; yes", "trap '' TERM; yes & yes >&2"} {
		m := newMark()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := p.Run(ctx, target, &transport.Command{
			Script: m.exported() + script, Stdout: called(cancel), Stderr: called(func() {}), Grace: time.Second,
		})
		if e := failedAs(t, err, transport.KindCanceled); !e.Sent || !e.Stopped {
			t.Errorf("%q: got %#v", script, e)
		}
		if left := m.alive(); len(left) > 0 {
			t.Errorf("%q: left %v", script, left)
			m.mustEnd(t)
		}
	}
}

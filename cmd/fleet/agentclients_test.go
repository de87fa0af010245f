//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Of many clients at one time one is killed, one is stopped, and one is
// interrupted: the others notice nothing, and nothing is left on the hosts.
func TestClientsOfTheAgentDoNotNoticeEachOther(t *testing.T) {
	hosts, clients := 200, 24
	if testing.Short() {
		hosts, clients = 40, 8
	}
	s := newAgentScene(t, hosts)
	s.agent(t)
	const some = 10 // hosts of the three that come to grief
	where := s.hosts(0, some)
	const each = 2_000_000
	killed := s.fleet(t, s.socket, "run", "-w", where, "--", "sleep "+s.mark).start(t)
	interrupted := s.fleet(t, s.socket, "run", "-w", where, "--", "sleep "+s.mark).start(t)
	stalled := s.fleet(t, s.socket, "run", "-w", where, "--", fmt.Sprintf("yes 123456789 | head -c %d", each))
	seen := watch("123456789")
	stalled.Stdout = seen
	stalled.start(t)
	<-seen.seen
	stalled.signal(t, syscall.SIGSTOP)
	eventually(t, "both sleep on all their hosts", func() bool { return len(sleepers(s.mark)) == 2*some })

	others := make([]*scenePart, clients-3)
	part := func(i int) (from, to int) { return i % 4 * hosts / 4, (i%4 + 1) * hosts / 4 } // each host has several clients
	for i := range others {
		others[i] = s.fleet(t, s.socket, "run", "-w", s.hosts(part(i)), "-t", "60", "--", fmt.Sprintf("echo client %d on $FLEET_LAB_HOST", i)).start(t)
	}
	killed.signal(t, syscall.SIGKILL)
	interrupted.signal(t, syscall.SIGINT)
	for i, p := range others {
		if got := p.status(); got != 0 || p.err.Len() > 0 {
			t.Errorf("client %d: status %d: %.300s", i, got, p.err.String())
		}
		var want []string
		from, to := part(i)
		for _, h := range s.lab.Hosts[from:to] {
			want = append(want, fmt.Sprintf("%s: client %d on %[1]s", h.Name, i))
		}
		got := strings.Split(strings.TrimSuffix(p.out.String(), "\n"), "\n")
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("client %d printed %d lines, not those of %d hosts: %.300q", i, len(got), len(want), got)
		}
	}
	if got := interrupted.status(); got != 130 {
		t.Errorf("the one that was interrupted ended with status %d: %s", got, interrupted.err.String())
	}
	if got := killed.status(); got != -1 {
		t.Errorf("the one that was killed ended with status %d", got)
	}
	stalled.signal(t, syscall.SIGCONT)
	if got := stalled.status(); got != 0 {
		t.Errorf("the one that was stopped for a while ended with status %d: %s", got, stalled.err.String())
	}
	if got, want := len(seen.String()), some*each/10*len(s.lab.Hosts[0].Name+": 123456789\n"); got != want {
		t.Errorf("the one that was stopped for a while printed %d bytes, not %d", got, want)
	}
	if left := waitGone(s.mark, patience); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}

// When the agent is killed, clients say that hosts were lost, nothing is left on
// the hosts, the record is complete, and the next command works.
func TestTheEndOfTheAgentIsALossAndNoMore(t *testing.T) {
	const hosts = 10
	s := newAgentScene(t, hosts)
	agent := s.agent(t)
	if p := s.fleet(t, "auto", "run", "-a", "--", "true").start(t); p.status() != 0 {
		t.Fatal(p.err.String())
	}
	client := s.fleet(t, "auto", "run", "-a", "--format", "json", "--", "sleep "+s.mark).start(t)
	eventually(t, "all hosts sleep", func() bool { return len(sleepers(s.mark)) == hosts })
	agent.signal(t, syscall.SIGKILL)
	agent.status()
	// As where the connections of a command without an agent are lost.
	if got := client.status(); got != 2 && got != 4 && got != 6 {
		t.Errorf("the client ended with status %d: %s", got, client.err.String())
	}
	if got := strings.Count(client.out.String(), `"lost"`); got != hosts {
		t.Errorf("%d of %d hosts are lost: %s", got, hosts, client.out.String())
	}
	if left := waitGone(s.mark, patience); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	journal := s.fleet(t, "auto", "runs", "show", "--format", "json").start(t)
	if got := journal.status(); got != 0 {
		t.Errorf("fleet runs show: %s", journal.err.String())
	}
	for _, h := range s.lab.Hosts {
		if !strings.Contains(journal.out.String(), h.Name) {
			t.Errorf("the record knows nothing of %s: %s", h.Name, journal.out.String())
		}
	}
	for _, choice := range []string{"auto", "agent"} {
		if choice == "agent" {
			s.agent(t)
			choice = s.socket
		}
		p := s.fleet(t, choice, "run", "-a", "--", "echo here").start(t)
		if got := p.status(); got != 0 || p.err.Len() > 0 || strings.Count(p.out.String(), "here\n") != hosts {
			t.Errorf("FLEET_AGENT=%s: status %d, %q, %q", choice, got, p.out.String(), p.err.String())
		}
	}
}

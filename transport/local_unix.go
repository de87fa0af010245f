//go:build !windows

package transport

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ownGroup makes cmd lead a process group, so that all of it can be ended, and
// Ctrl-C on the terminal does not reach it past fleet.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup sends TERM to the group, and KILL after the grace. It reports
// whether nothing of the group is left.
func endGroup(cmd *exec.Cmd, grace time.Duration, ended <-chan struct{}) bool {
	group := -cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM)
	if groupEnds(group, grace, ended) {
		return true
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	return groupEnds(group, 2*time.Second, ended)
}

// groupEnds polls: there is no event for the end of a process group.
func groupEnds(group int, limit time.Duration, ended <-chan struct{}) bool {
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// The leader is a zombie, and so a member, until it is waited for.
		select {
		case <-ended:
			if groupGone(-group) {
				return true
			}
		default:
		}
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
}

// groupGone reports whether process group id has no living member. Zombies,
// which wait for init to collect them, are not alive; only /proc can tell.
func groupGone(id int) bool {
	if syscall.Kill(-id, 0) == syscall.ESRCH {
		return true
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it ended just now
		}
		// pid (comm) state ppid pgrp ...; comm may hold anything.
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) > 2 && f[2] == strconv.Itoa(id) && f[0] != "Z" && f[0] != "X" {
			return false
		}
	}
	return len(stats) > 0
}

func localStatus(ps *os.ProcessState) Status {
	ws, ok := ps.Sys().(syscall.WaitStatus)
	if ok && ws.Signaled() {
		return Status{Code: 128 + int(ws.Signal()), Signal: signalName(ws.Signal())}
	}
	return Status{Code: ps.ExitCode()}
}

// signalName is the name of RFC 4254 section 6.10.
func signalName(s syscall.Signal) string {
	names := map[syscall.Signal]string{
		syscall.SIGHUP: "HUP", syscall.SIGINT: "INT", syscall.SIGQUIT: "QUIT", syscall.SIGILL: "ILL", syscall.SIGABRT: "ABRT",
		syscall.SIGFPE: "FPE", syscall.SIGKILL: "KILL", syscall.SIGUSR1: "USR1", syscall.SIGSEGV: "SEGV", syscall.SIGUSR2: "USR2",
		syscall.SIGPIPE: "PIPE", syscall.SIGALRM: "ALRM", syscall.SIGTERM: "TERM",
	}
	if n, ok := names[s]; ok {
		return n
	}
	return s.String()
}

package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A tunnelProcess is a "fleet tunnel" at work.
type tunnelProcess struct {
	socket string
	list   []tunnelState // what it has open
}

// background reports whether it can be asked to close something.
func (p *tunnelProcess) background() bool { return len(p.list) > 0 && p.list[0].Background }

// openTunnels are the tunnels of all processes of this user.
func openTunnels(e *env) (list []tunnelState, silent []string, err error) {
	processes, silent, err := tunnelProcesses(e)
	for _, p := range processes {
		list = append(list, p.list...)
	}
	return list, silent, err
}

// tunnelProcesses asks all processes of this user for their tunnels. What a process
// that was killed has left behind is removed; those that do not answer are the
// silent ones, each by its pid.
func tunnelProcesses(e *env) (list []tunnelProcess, silent []string, err error) {
	dir, err := tunnelDir(e, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	type answer struct {
		list []tunnelState
		err  error
	}
	answers := make([]answer, len(entries))
	var group sync.WaitGroup
	for i, entry := range entries {
		if filepath.Ext(entry.Name()) == ".sock" {
			group.Go(func() { answers[i].list, answers[i].err = askTunnels(filepath.Join(dir, entry.Name())) })
		}
	}
	group.Wait()
	for i, a := range answers {
		if len(a.list) > 0 {
			list = append(list, tunnelProcess{filepath.Join(dir, entries[i].Name()), a.list})
		}
		if a.err != nil {
			pid, _, _ := strings.Cut(entries[i].Name(), "-")
			silent = append(silent, pid)
		}
	}
	return list, slices.Compact(silent), nil
}

// askTunnels asks one process, which has none where it is gone.
func askTunnels(socket string) (list []tunnelState, err error) {
	conn, err := net.DialTimeout("unix", socket, answerTime)
	if refused(err) {
		_ = os.Remove(socket)
		return nil, nil
	}
	if err != nil {
		return nil, unlessGone(socket, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerTime))
	if err := json.NewDecoder(conn).Decode(&list); err != nil {
		return nil, unlessGone(socket, err)
	}
	return list, nil
}

// unlessGone is err, or nil where the process has ended meanwhile.
func unlessGone(socket string, err error) error {
	if _, missing := os.Lstat(socket); errors.Is(missing, fs.ErrNotExist) {
		return nil
	}
	return err
}

package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// All are the processes that are alive; nil where /proc is not there.
func All() []Process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := look(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// Alive tells whether a process still is: it is not where nothing but its entry
// is left, which waits for its parent.
func Alive(pid int) bool {
	_, ok := look(pid)
	return ok
}

func look(pid int) (Process, bool) {
	dir := folder(pid)
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Process{}, false
	}
	info, err := os.Stat(dir)
	if err != nil {
		return Process{}, false
	}
	// The name, in parentheses, may hold anything: the fields are after the last one.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 || bytes.ContainsAny(fields[0], "ZXx") {
		return Process{}, false
	}
	p := Process{PID: pid, User: int(info.Sys().(*syscall.Stat_t).Uid)}
	var errs [2]error
	p.Parent, errs[0] = strconv.Atoi(string(fields[1]))
	p.Group, errs[1] = strconv.Atoi(string(fields[2]))
	return p, errs == [2]error{}
}

// Environ is the environment of a process, as NAME=value with a zero byte after
// each; empty where it cannot be read. In the middle of an exec(2) it looks
// empty: a process is asked again before that is believed. Threads of the
// kernel, which never have any, have no executable either.
func Environ(pid int) []byte {
	dir := folder(pid)
	for range 5 {
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || len(env) > 0 {
			return env
		}
		if _, err := os.Readlink(filepath.Join(dir, "exe")); err != nil {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

func folder(pid int) string { return filepath.Join("/proc", strconv.Itoa(pid)) }

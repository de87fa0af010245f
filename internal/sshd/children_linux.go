package sshd

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// alive looks for members of the groups and for marked processes.
func (c *Children) alive() []int {
	groups := c.ours()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return leaders(groups)
	}
	var alive []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		pgid, dead := status(pid)
		if dead {
			continue
		}
		if _, member := groups[pgid]; member || c.marked(pid) {
			alive = append(alive, pid)
		}
	}
	return alive
}

// status reads the process group from /proc/PID/stat, and whether nothing but
// the entry is left of the process.
func status(pid int) (pgid int, dead bool) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, true
	}
	// The name, in parentheses, may hold anything: the fields are after the last one.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 3 || bytes.ContainsAny(fields[0], "ZXx") {
		return 0, true
	}
	pgid, err = strconv.Atoi(string(fields[2]))
	return pgid, err != nil
}

// exists tells whether a process that was alive still is.
func exists(pid int) bool {
	_, dead := status(pid)
	return !dead
}

func (c *Children) marked(pid int) bool {
	return bytes.Contains(environ(pid), []byte(c.marker))
}

// environ reads the environment of a process. In the middle of an exec(2) it
// looks empty: a process is asked again before that is believed. Threads of the
// kernel, which never have any, have no executable either.
func environ(pid int) []byte {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
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

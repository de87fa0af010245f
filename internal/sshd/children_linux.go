package sshd

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
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

func (c *Children) marked(pid int) bool {
	env, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	return err == nil && bytes.Contains(env, []byte(c.marker))
}

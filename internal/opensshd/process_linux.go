package opensshd

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Commands are the processes alive now that sessions of this server started,
// with all their descendants, whether or not their connection still is there.
// What clears its environment and outlives its parent is not found.
func (s *Server) Commands() []int {
	var found []int
	for _, p := range processes() {
		if s.isOurs(environ(p.pid)) {
			found = append(found, p.pid)
		}
	}
	return found
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

// isOurs looks for the port in SSH_CONNECTION, which sshd sets for every
// command.
func (s *Server) isOurs(environ []byte) bool {
	suffix := []byte(" " + s.Host + " " + strconv.Itoa(s.Port))
	return slices.ContainsFunc(bytes.Split(environ, []byte{0}), func(kv []byte) bool {
		return bytes.HasPrefix(kv, []byte("SSH_CONNECTION=")) && bytes.HasSuffix(kv, suffix)
	})
}

func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", e.Name())
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue
		}
		// The name, in parentheses, may hold anything: the fields are after the last one.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 || bytes.ContainsAny(fields[0], "ZXx") {
			continue
		}
		info, err := os.Stat(dir)
		if err != nil {
			continue
		}
		ppid, _ := strconv.Atoi(string(fields[1]))
		all = append(all, process{pid, ppid, int(info.Sys().(*syscall.Stat_t).Uid)})
	}
	return all
}

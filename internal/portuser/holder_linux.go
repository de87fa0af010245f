package portuser

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"fleet/internal/proc"
)

func tcpHolder(wanted netip.Addr, port uint16) (string, bool) {
	var best socket
	most := 0
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for _, s := range listeners(table) {
			if s.address.Port() != port {
				continue
			}
			if n := inTheWay(s.address.Addr(), wanted); n > most {
				best, most = s, n
			}
		}
	}
	if most == 0 {
		return "", false
	}
	if text, ok := owner(best.inode); ok {
		return text, true
	}
	// As numbers of users go, the table is right even where the process is hidden.
	name := strconv.Itoa(best.user)
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	return "a process of user " + printable(name), true
}

// listeners reads what listens. The kernel tells of those first, and then of all
// connections, which may be many thousands and slow to read.
func listeners(table string) []socket {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	var all []socket
	lines := bufio.NewScanner(f)
	lines.Scan() // the names of the columns
	for lines.Scan() && !connected(lines.Text()) {
		if s, ok := parseTCP(lines.Text()); ok {
			all = append(all, s)
		}
	}
	return all
}

func unixHolder(path string) (string, bool) {
	names := map[string]bool{path: true}
	if whole, err := filepath.Abs(path); err == nil {
		names[whole] = true
		if folder, err := filepath.EvalSymlinks(filepath.Dir(whole)); err == nil {
			names[filepath.Join(folder, filepath.Base(whole))] = true
		}
	}
	text, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		if inode, bound, ok := parseUnix(line); ok && names[bound] {
			if text, ok := owner(inode); ok {
				return text, true
			}
		}
	}
	return "", false
}

// owner names the process that has the socket with that inode open. Of several,
// as a server and its workers, it is the one that was there first; but the init
// process, which opens sockets for others, comes last.
func owner(inode uint64) (string, bool) {
	link := fmt.Sprintf("socket:[%d]", inode)
	found := 0
	for _, p := range proc.All() {
		if (found == 0 || found == 1 || p.PID < found && p.PID != 1) && has(p.PID, link) {
			found = p.PID
		}
	}
	if found == 0 {
		return "", false
	}
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(found), "comm"))
	if err != nil || len(name) == 0 {
		return fmt.Sprintf("pid %d", found), true
	}
	return fmt.Sprintf("%s (pid %d)", printable(string(name)), found), true
}

// has reports whether one of the descriptors of a process is what link says.
func has(pid int, link string) bool {
	folder := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	dir, err := os.Open(folder)
	if err != nil {
		return false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return false
	}
	for _, name := range names {
		if target, err := os.Readlink(filepath.Join(folder, name)); err == nil && target == link {
			return true
		}
	}
	return false
}

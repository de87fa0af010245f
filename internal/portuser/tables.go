package portuser

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// A socket is one that listens.
type socket struct {
	address netip.AddrPort
	user    int
	inode   uint64
}

// parseTCP reads a line of Linux's /proc/net/tcp or tcp6, proc_net_tcp(5); false
// where it is not of a socket that listens.
func parseTCP(line string) (socket, bool) {
	f := strings.Fields(line)
	if len(f) < 10 || f[3] != "0A" { // TCP_LISTEN
		return socket{}, false
	}
	addr, portText, ok := strings.Cut(f[1], ":")
	if !ok {
		return socket{}, false
	}
	ip, ok := parseIP(addr)
	if !ok {
		return socket{}, false
	}
	port, err := strconv.ParseUint(portText, 16, 16)
	if err != nil {
		return socket{}, false
	}
	user, err := strconv.Atoi(f[7])
	if err != nil {
		return socket{}, false
	}
	inode, err := strconv.ParseUint(f[9], 10, 64)
	if err != nil {
		return socket{}, false
	}
	return socket{netip.AddrPortFrom(ip, uint16(port)), user, inode}, true
}

// connected reports whether a line is of a connection: neither of a listener nor
// of one that is being made, which old kernels tell of right behind its listener.
func connected(line string) bool {
	f := strings.Fields(line)
	return len(f) > 3 && f[3] != "0A" && f[3] != "03" // TCP_LISTEN, TCP_SYN_RECV
}

// parseIP reads an address that the kernel printed as numbers of 32 bits, each in
// the byte order of the machine.
func parseIP(text string) (netip.Addr, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.Addr{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	return ip.Unmap(), ok
}

// parseUnix reads a line of Linux's /proc/net/unix, proc_net_unix(5); false where
// it is not of a socket that listens at a path.
func parseUnix(line string) (inode uint64, path string, ok bool) {
	const listens = 0x10000 // __SO_ACCEPTCON
	rest := strings.TrimSuffix(line, "\n")
	var f [7]string // Num RefCount Protocol Flags Type St Inode
	for i := range f {
		f[i], rest, ok = strings.Cut(strings.TrimLeft(rest, " "), " ")
		if !ok {
			return 0, "", false
		}
	}
	flags, err := strconv.ParseUint(f[3], 16, 32)
	if err != nil || flags&listens == 0 || rest == "" {
		return 0, "", false
	}
	inode, err = strconv.ParseUint(f[6], 10, 64)
	return inode, rest, err == nil
}

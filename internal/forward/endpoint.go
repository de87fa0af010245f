package forward

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// An Endpoint is one end of a forward, in the words of package net, so that both
// fields can be handed to net.Listen and net.Dial as they are. The zero Endpoint
// is none.
type Endpoint struct {
	Network string // "tcp" or "unix"
	Address string // "127.0.0.1:5432", "[::1]:80", "db:5432", ":80" (all addresses), or a socket's path
}

// TCP is the endpoint of a host, with or without brackets, and a port. The host
// "*" or "" is all addresses.
func TCP(host string, port int) Endpoint {
	if host == "*" {
		host = ""
	}
	return Endpoint{Network: "tcp", Address: net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))}
}

// Unix is the endpoint of a socket.
func Unix(path string) Endpoint { return Endpoint{Network: "unix", Address: path} }

// String is the endpoint for people: all addresses are "*:80".
func (e Endpoint) String() string {
	if e.Network == "tcp" && strings.HasPrefix(e.Address, ":") {
		return "*" + e.Address
	}
	return e.Address
}

// IsZero reports whether there is no endpoint, as dynamic forwards have no target.
func (e Endpoint) IsZero() bool { return e == Endpoint{} }

// IsUnix reports whether the endpoint is a socket in the file system.
func (e Endpoint) IsUnix() bool { return e.Network == "unix" }

// Host is the name or the address, without brackets; empty where all addresses
// are meant, and for a Unix socket.
func (e Endpoint) Host() string {
	host, _ := e.split()
	return host
}

// Port is the port's number; 0 where any free one is meant, and for a Unix socket.
func (e Endpoint) Port() int {
	_, port := e.split()
	return port
}

func (e Endpoint) split() (string, int) {
	if e.Network != "tcp" {
		return "", 0
	}
	host, text, err := net.SplitHostPort(e.Address)
	if err != nil {
		return "", 0
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return "", 0
	}
	return host, port
}

// WithPort is the same endpoint at another port; a Unix socket stays what it is.
func (e Endpoint) WithPort(port int) Endpoint {
	if e.Network != "tcp" {
		return e
	}
	return TCP(e.Host(), port)
}

// IsLoopback reports whether only this machine, or where the endpoint is on the
// host only that one, can reach the endpoint. A name other than localhost may be
// any address.
func (e Endpoint) IsLoopback() bool {
	if e.Network == "unix" {
		return true
	}
	host := e.Host()
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

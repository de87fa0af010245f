//go:build !linux

package portuser

import "net/netip"

func tcpHolder(netip.Addr, uint16) (string, bool) { return "", false }

func unixHolder(string) (string, bool) { return "", false }

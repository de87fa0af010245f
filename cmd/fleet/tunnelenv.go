package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
)

// tunnelEnv is what a command is told of one tunnel.
func tunnelEnv(s *tunnel.Status) []string {
	return []string{
		"HOST=" + s.Host,
		"PORT=" + portText(s.Listen),
		"ADDRESS=" + reachable(s.Listen).String(),
		"LISTEN=" + s.Listen.String(),
	}
}

// portText is the port of an endpoint; "" where it is a socket.
func portText(e forward.Endpoint) string {
	if e.IsUnix() {
		return ""
	}
	return strconv.Itoa(e.Port())
}

// reachable is where a client connects to who wants what listens at e: nobody
// connects to all addresses.
func reachable(e forward.Endpoint) forward.Endpoint {
	switch {
	case e.IsUnix():
		return e
	case e.Host() == "" || e.Host() == "0.0.0.0":
		return forward.TCP("127.0.0.1", e.Port())
	case e.Host() == "::":
		return forward.TCP("::1", e.Port())
	default:
		return e
	}
}

// onceEnv is what a command is told of all tunnels.
func onceEnv(docs []tunnelDocument, list []tunnel.Status) ([]string, error) {
	names, err := variables(docs)
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(docs)
	if err != nil {
		return nil, err
	}
	env := []string{"FLEET_TUNNELS=" + string(document)}
	for i := range list {
		env = append(env, "PORT_"+names[i]+"="+portText(list[i].Listen), "ADDRESS_"+names[i]+"="+reachable(list[i].Listen).String())
	}
	return env, nil
}

// variables are the names of tunnels in the environment: that of the host, and
// with it that of the block, or a number, where a host has several.
func variables(docs []tunnelDocument) ([]string, error) {
	of, nth := map[string]int{}, map[string]int{}
	for _, d := range docs {
		of[d.Host]++
	}
	names, taken := make([]string, len(docs)), map[string]string{}
	for i, d := range docs {
		whole := d.Host
		if of[d.Host] > 1 {
			nth[d.Host]++
			whole = strings.TrimPrefix(d.Name+"_", "_") + d.Host
			if d.Name == "" {
				whole += "_" + strconv.Itoa(nth[d.Host])
			}
		}
		names[i] = variable(whole)
		if other, ok := taken[names[i]]; ok {
			return nil, &usageError{err: badUsage("$PORT_%s would be that of %s and of %s", names[i], other, whole), hint: "--exec runs a command for each host"}
		}
		taken[names[i]] = whole
	}
	return slices.Clip(names), nil
}

// variable is name as a part of the name of a shell variable.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && strings.ContainsRune(letters, r) {
			return r
		}
		return '_'
	}, name)
}

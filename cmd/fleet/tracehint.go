package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"fleet/internal/term"
	"fleet/pool/credential"
	"fleet/transport"
)

// failureText is what went wrong, without the host's name.
func failureText(err error) string {
	var e *transport.Error
	if errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	return term.Clean(err.Error())
}

// failureGist leaves out what the steps before have shown.
func failureGist(err error) string {
	var refused *credential.RefusedError
	if errors.As(err, &refused) {
		return fmt.Sprintf("the server refused %q", refused.User)
	}
	if transport.KindOf(err) == transport.KindCanceled {
		return "given up while it was under way"
	}
	return failureText(err)
}

// failureHint is what to do about a step that failed.
func failureHint(step string, err error) string {
	var e *transport.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch {
	case e.Hint != "":
		return term.Clean(e.Hint)
	case e.Kind == transport.KindCanceled:
		return ""
	}
	switch step {
	case "resolve":
		return "check the name; HostName in ssh_config, or address in the inventory, says where it is"
	case "tcp":
		if errors.Is(err, syscall.ECONNREFUSED) {
			return "the machine answers, but nobody listens: check the port (-p), and that sshd runs there"
		}
		return "check that the machine is up, and that the way to this port is not blocked"
	case "jump":
		return "look at the steps of the jump host"
	case "proxy":
		return "try the proxy command by itself: the first that it prints must be the server's banner, SSH-2.0-..."
	case "version":
		if strings.Contains(e.Err.Error(), "not an SSH server") {
			return "check the port (-p)"
		}
		return "the port is open, and what is behind it is stuck, overloaded, or not SSH; look from the machine itself"
	case "hostkey", "login":
		return "the server got stuck half way: look into its log, and at what it waits for (DNS, PAM, disks)"
	case "session", "command":
		return "see whether this account may run commands: its shell, and ForceCommand and MaxSessions in sshd_config"
	default:
		return "the log of sshd on the host tells more"
	}
}

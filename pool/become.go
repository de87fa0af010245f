package pool

import (
	"errors"
	"fmt"

	"fleet/transport"
)

// errUnchecked keeps the password of become from a host that may be anybody.
var errUnchecked = errors.New("the password to become another user was not given, as the host's key is not checked")

// mayBecome refuses a command that could only run by giving a password to a
// host whose key is not checked: whether its sudo really asks is for the host
// to say.
func mayBecome(t *transport.Target, b *transport.Become) error {
	if b == nil || !b.Password.IsSet() || t.HostKey.Policy != transport.HostKeyOff {
		return nil
	}
	return &transport.Error{
		Op: "run", Host: t.Label(), Kind: transport.KindHostKey, Err: errUnchecked, Stopped: true,
		Hint: "host_key = \"accept-new\" (StrictHostKeyChecking=accept-new) stores the key and checks it from then on",
	}
}

// become returns the words that run text with /bin/sh as the user of b, up to
// where the name and the arguments of the shell follow, and notes the prompt by
// which the password is asked for.
//
// sudo gets the password by stdin, when it asks and only then: with NOPASSWD or
// a fresh timestamp it would leave the line to the command. -n makes sudo fail
// at once where a password is needed and none was given. The watchdog runs
// inside, as the other user: the login user may not signal root's processes.
func (inv *invocation) become(b *transport.Become, text string) ([]string, error) {
	shell := []string{"/bin/sh", "-c", text}
	if b == nil {
		return shell, nil
	}
	user := b.User
	if user == "" {
		user = "root"
	}
	switch b.Method {
	case "", "sudo":
		if b.Password.IsSet() {
			inv.prompt = "[" + newNonce() + "]"
			return append([]string{"sudo", "-H", "-S", "-p", inv.prompt, "-u", user, "--"}, shell...), nil
		}
		return append([]string{"sudo", "-H", "-n", "-u", user, "--"}, shell...), nil
	case "doas", "su":
		if b.Password.IsSet() {
			return nil, fmt.Errorf("%s reads a password only from a terminal: use sudo, or allow %s without a password", b.Method, b.Method)
		}
		if b.Method == "doas" {
			return append([]string{"doas", "-n", "-u", user}, shell...), nil
		}
		return []string{"su", "-s", "/bin/sh", "-c", text, "--", user}, nil
	default:
		return nil, fmt.Errorf("become method %q is not known: use sudo, doas or su", b.Method)
	}
}

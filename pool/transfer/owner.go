package transfer

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
)

// owner is the number of the user name on the host.
func (r *Remote) owner(ctx context.Context, name string) (int, error) {
	return r.account(ctx, "user", name, "/etc/passwd")
}

// group is the number of the group name on the host.
func (r *Remote) group(ctx context.Context, name string) (int, error) {
	return r.account(ctx, "group", name, "/etc/group")
}

// account takes a number as it is, and has the host look for a name; where it runs no
// commands, in its file.
func (r *Remote) account(ctx context.Context, kind, name, file string) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, ":/\\*[]^$?\n\x00 ") {
		return 0, fmt.Errorf("%q cannot be the name of a %s", name, kind)
	}
	var text string
	if r.commands {
		out := &bounded{max: outMax}
		status, _, err := r.run(ctx, ownerScript, []string{kind, name}, nil, out)
		if err != nil {
			return 0, err
		}
		if status.OK() {
			text = strings.TrimSpace(out.String())
		}
	} else {
		var err error
		if text, err = r.accountIn(ctx, file, name); err != nil {
			return 0, err
		}
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("the host has no %s %q", kind, name)
	}
	return int(n), nil
}

// accountIn looks for name in a file like /etc/passwd.
func (r *Remote) accountIn(ctx context.Context, file, name string) (string, error) {
	const enough = 4 << 20
	text := new(memory)
	if _, err := r.sys.read(ctx, file, 0, enough, text); err != nil {
		return "", fmt.Errorf("%w (hint: the host runs no commands; give the number in place of the name)", err)
	}
	for line := range bytes.Lines(text.bytes) {
		fields := strings.Split(strings.TrimSpace(string(line)), ":")
		if len(fields) > 2 && fields[0] == name {
			return fields[2], nil
		}
	}
	return "", nil
}

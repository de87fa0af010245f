//go:build linux

package pool_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"fleet/internal/opensshd"
	"fleet/transport"
)

// sudoPassword is that of the users that startSudo makes.
const sudoPassword = "it's a \\ secret!"

// A sudoRule is what /etc/sudoers says about a user.
type sudoRule struct {
	NoPassword bool
	UsePTY     bool // the default on Debian, and of sudo from 1.9.14 on
	// Fresh lets a password count for a while, as sudo does by default.
	Fresh bool
}

func (r sudoRule) String() string {
	name := "sudo with password"
	if r.NoPassword {
		name = "sudo without password"
	}
	if !r.UsePTY {
		name += " or pty"
	}
	return name
}

// startSudo starts a server whose user may become anybody by sudo, as the rule
// says.
func startSudo(t *testing.T, rule sudoRule) (*opensshd.Server, transport.Target) {
	t.Helper()
	needTool(t, "sudo", "visudo")
	s, target := startSSHD(t, opensshd.Options{Password: sudoPassword})
	not, tag, minutes := "!", "PASSWD", 0
	if rule.UsePTY {
		not = ""
	}
	if rule.NoPassword {
		tag = "NOPASSWD"
	}
	if rule.Fresh {
		minutes = 5
	}
	text := fmt.Sprintf("Defaults:%[1]s %[2]suse_pty, timestamp_timeout=%[3]d\n%[1]s ALL=(ALL) %[4]s: ALL\n", s.User, not, minutes, tag)
	draft := filepath.Join(s.Dir, "sudoers")
	if err := os.WriteFile(draft, []byte(text), 0o440); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("visudo", "-cf", draft).CombinedOutput(); err != nil {
		t.Fatalf("visudo: %v: %s", err, out)
	}
	// sudo reads every file there whose name has no dot.
	file := filepath.Join("/etc/sudoers.d", s.User)
	t.Cleanup(func() {
		_ = os.Remove(file)
		_ = os.Remove(filepath.Join("/run/sudo/ts", s.User))
	})
	if err := os.WriteFile(file, []byte(text), 0o440); err != nil {
		t.Fatal(err)
	}
	return s, target
}

// needTool skips the test, or fails it where everything has to be there.
func needTool(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
				t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v", err)
			}
			t.Skip(err)
		}
	}
}

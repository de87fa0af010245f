package opensshd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A SudoRule is what sudo lets the server's user do: everything, as anybody.
type SudoRule struct {
	NoPassword bool // NOPASSWD
	UsePTY     bool // Defaults use_pty: so on Debian, and from sudo 1.9.14 on
	// Fresh lets a password count for five minutes; without, each time anew.
	Fresh bool
}

// AllowSudo lets User run sudo for the rest of the test. The server must have
// been started with a Password, so that User was made for it. Where sudo is
// missing it skips the test, or fails it with FLEET_REQUIRE_SSHD=1.
func (s *Server) AllowSudo(t testing.TB, rule SudoRule) {
	t.Helper()
	if _, err := exec.LookPath("visudo"); err != nil {
		if required() {
			t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v (hint: apt-get install sudo)", err)
		}
		t.Skip(err)
	}
	if !s.made {
		t.Fatal("AllowSudo is for a user that was made for the test")
	}
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
	// A mistake in a rule would lock everybody out of sudo: check a draft.
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
}

//go:build linux

package opensshd_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"testing"
	"time"

	"fleet/internal/opensshd"
)

// victimEnv makes the test below be the one that is killed.
const victimEnv = "FLEET_TEST_VICTIM"

func TestAKilledTestLeavesNothingBehind(t *testing.T) {
	root := os.Geteuid() == 0
	if os.Getenv(victimEnv) != "" {
		beVictim(t, root)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), victimEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // it waits for the end of it
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	f := strings.Fields(line)
	if err != nil || len(f) != 3 {
		t.Fatalf("the victim said %q, %v", line, err)
	}
	addr, dir, name := f[0], f[1], f[2]
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed, as it was to be

	gone(t, "the folder", func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) })
	gone(t, "the server", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	if root {
		gone(t, "what sudo allows", func() bool { _, err := os.Stat("/etc/sudoers.d/" + name); return os.IsNotExist(err) })
		gone(t, "the user", func() bool { return exec.Command("id", name).Run() != nil })
	}
}

// beVictim starts what can be left, says what it is, and waits to be killed.
func beVictim(t *testing.T, root bool) {
	o := opensshd.Options{}
	if root {
		o.Password = "known"
	}
	s := opensshd.Start(t, o)
	if root {
		s.AllowSudo(t, opensshd.SudoRule{NoPassword: true})
		if _, err := user.Lookup(s.User); err != nil {
			t.Error(err)
		}
	}
	_, _ = os.Stdout.WriteString(s.Addr + " " + s.Dir + " " + s.User + "\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// gone waits for what the janitor has to do.
func gone(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Errorf("%s is still there", what)
			return
		}
	}
}

//go:build unix

package opensshd

import (
	"crypto/rand"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"testing"
	"time"
)

// addUser makes a user for the rest of the test and returns its name.
func addUser(t testing.TB, j *janitor, home string, o Options) string {
	t.Helper()
	shell := o.Shell
	if shell == "" {
		shell = "/bin/sh"
	}
	// The password "*" fits nothing; unlike "!" it does not lock the account.
	name := "fleet-" + strings.ToLower(rand.Text()[:10])
	j.user(t, name)
	admin(t, "", "useradd", "--no-create-home", "--home-dir", home, "--shell", shell, "--password", "*", name)
	t.Cleanup(func() {
		killUser(name)
		admin(t, "", "userdel", "--force", name)
	})
	if o.Password != "" {
		admin(t, name+":"+o.Password+"\n", "chpasswd")
	}
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(home, uid, gid); err != nil {
		t.Fatal(err)
	}
	return name
}

// admin runs a tool that locks the user database, and waits its turn where
// another test is at it.
func admin(t testing.TB, stdin string, name string, args ...string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		cmd := exec.Command(name, args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if !strings.Contains(string(out), "lock") || time.Now().After(deadline) {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

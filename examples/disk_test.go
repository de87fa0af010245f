//go:build unix

package examples_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// onDisk runs fleet where a small disk of its own holds the journal. prepare is a
// line for the shell that is carried out in the disk before.
func (p *project) onDisk(t *testing.T, options, prepare string, args ...string) (status int, said string) {
	t.Helper()
	user := "-m"
	if os.Geteuid() != 0 {
		user = "-rm"
	}
	disk := t.TempDir()
	mount := []string{user, "sh", "-c", `mount -t tmpfs -o "$1" tiny "$2"`, "sh", options, disk}
	if out, err := exec.Command("unshare", mount...).CombinedOutput(); err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatalf("no disk can be made: %v: %s", err, out)
		}
		t.Skipf("making a small disk takes Linux and the right to mount: %v: %s", err, out)
	}
	script := `disk=$2 options=$1 prepare=$3; shift 3
mount -t tmpfs -o "$options" tiny "$disk" && (cd "$disk" && eval "$prepare") && exec "$@"`
	cmd := p.command("unshare", append([]string{user, "sh", "-c", script, "sh", options, disk, prepare, program}, args...)...)
	cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+disk)
	status, stdout, stderr := output(t, cmd)
	return status, stdout + stderr
}

func TestNothingIsSentWhereTheJournalCannotBeBegun(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, prepare, want string }{
		{"full", "head -c 1000000 /dev/zero >filler || :", "no space left on device"},
		{"read-only", `mount -o remount,ro "$disk"`, "read-only file system"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := onLab(t, "rolling")
			status, said := s.onDisk(t, "size=64k", tt.prepare, "apply", "deploy")
			if status != 1 || !strings.Contains(said, "the journal cannot be written") || !strings.Contains(said, tt.want) {
				t.Errorf("exit status %d, want 1 and why\n%s", status, said)
			}
			s.expect(t, "app/log", "", s.hosts[2:]...)
			s.balanced(t, "", s.hosts[2:]...)
			for _, host := range s.hosts {
				if n := s.lab.Server(s.named(host)).Stats().Accepted; n != 0 {
					t.Errorf("%s was contacted", host)
				}
			}
		})
	}
}

func TestRunEndsWhereTheJournalRunsFull(t *testing.T) {
	t.Parallel()
	s := onLab(t, "rolling")
	status, said := s.onDisk(t, "size=24k", ":", "apply", "deploy")
	if status != 1 || !strings.Contains(said, "the journal cannot be written, so no further step is sent") || !strings.Contains(said, "no space left on device") {
		t.Errorf("exit status %d, want 1 and why\n%s", status, said)
	}
	if log := s.on(t, s.hosts[len(s.hosts)-1], "app/log"); log != "" {
		t.Errorf("the last host has been worked on:\n%s", log)
	}
	// Whoever was taken out of the load balancers is in them again, and is named
	// unless it is done.
	for _, host := range s.hosts[2:] {
		for _, lb := range []string{"lb1", "lb2"} {
			if state := s.on(t, lb, "backends/"+host); state == "down\n" {
				t.Errorf("%s is still out of %s\n%s", host, lb, said)
			}
		}
	}
	if !strings.Contains(said, "not attempted: web") {
		t.Errorf("it is not said which hosts had no turn\n%s", said)
	}
}

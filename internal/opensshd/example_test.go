package opensshd_test

import (
	"os/exec"
	"testing"

	"fleet/internal/opensshd"
)

// Inside a test; t is its own.
func ExampleStart() {
	var t *testing.T

	s := opensshd.Start(t, opensshd.Options{Config: []string{"MaxSessions 2"}})
	out, err := exec.Command("ssh", append(s.SSHArgs(), "hostname")...).Output()
	if err != nil {
		t.Fatalf("%v; the server says:\n%s", err, s.Log())
	}
	t.Logf("%s", out)
}

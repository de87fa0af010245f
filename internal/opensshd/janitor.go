package opensshd

import (
	_ "embed"
	"fmt"
	"io"
	"os/exec"
	"testing"
)

// A janitor is a process that cleans up where the test cannot, because it was
// killed: sshd, users and what sudo lets them do would stay. It holds a pipe from
// the test, and acts when that ends without a word.
type janitor struct {
	stdin io.WriteCloser
	cmd   *exec.Cmd
}

//go:embed janitor.sh
var janitorScript string

// hire starts the janitor of the server in dir, for the rest of the test.
func hire(t testing.TB, dir string) *janitor {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", janitorScript, "janitor", dir)
	inOwnGroup(cmd) // Ctrl-C ends the test, and is what the janitor is for
	cmd.Dir = "/"
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	j := &janitor{stdin: stdin, cmd: cmd}
	t.Cleanup(func() {
		j.tell(t, "done")
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the janitor of %s: %v", dir, err)
		}
	})
	return j
}

// user says, before it is made, that there is a user to remove.
func (j *janitor) user(t testing.TB, name string) { j.tell(t, "user "+name) }

func (j *janitor) tell(t testing.TB, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(j.stdin, line); err != nil {
		t.Errorf("the janitor is gone: %v", err)
	}
}

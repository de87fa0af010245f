package opensshd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// Available tells why there is no sshd to start, or nil.
func Available() error {
	_, err := find()
	return err
}

// tools are the programs of OpenSSH, by absolute path: sshd starts itself
// again for each connection and insists on it.
type tools struct{ sshd, keygen string }

func find() (tools, error) {
	if !supported {
		return tools{}, errors.New("sshd cannot be tested with on this system")
	}
	var t tools
	for _, name := range []string{"sshd", "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"} {
		if path, err := exec.LookPath(name); err == nil {
			t.sshd = path
			break
		}
	}
	if t.sshd == "" {
		return t, errors.New("sshd is not installed (hint: apt-get install openssh-server)")
	}
	var err error
	if t.keygen, err = exec.LookPath("ssh-keygen"); err != nil {
		return t, errors.New("ssh-keygen is not installed (hint: apt-get install openssh-client)")
	}
	return t, nil
}

var versionPattern = regexp.MustCompile(`OpenSSH_(\d+)\.(\d+)`)

// version asks sshd; old ones answer -V with an error that has it too.
func (t tools) version() (major, minor int, err error) {
	out, err := exec.Command(t.sshd, "-V").CombinedOutput()
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return 0, 0, fmt.Errorf("cannot tell the version of %q from %q: %w", t.sshd, out, err)
	}
	major, _ = strconv.Atoi(string(m[1]))
	minor, _ = strconv.Atoi(string(m[2]))
	return major, minor, nil
}

// required reports whether a missing tool fails a test.
func required() bool { return os.Getenv("FLEET_REQUIRE_SSHD") == "1" }

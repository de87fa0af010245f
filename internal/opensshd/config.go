package opensshd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// makeKeys makes the host keys and the client's, and the files that go with
// them but for known_hosts, which needs the port.
func (s *Server) makeKeys(t testing.TB, tools tools, o Options) {
	t.Helper()
	s.Identity = filepath.Join(s.Dir, "id_ed25519")
	s.PublicKey = s.makeKey(t, tools, "ed25519", s.Identity)
	authorized := strings.Join(append([]string{s.PublicKey}, o.AuthorizedKeys...), "\n") + "\n"
	s.write(t, "authorized_keys", authorized)
	for i, kind := range hostKeyTypes(o) {
		line := s.makeKey(t, tools, kind, s.hostKeyFile(kind))
		if i == 0 {
			s.HostKey = line
		}
	}
}

func hostKeyTypes(o Options) []string {
	if len(o.HostKeys) == 0 {
		return []string{"ed25519"}
	}
	return o.HostKeys
}

func (s *Server) hostKeyFile(kind string) string {
	return filepath.Join(s.Dir, "host_"+kind)
}

// makeKey returns the public line, without a comment.
func (s *Server) makeKey(t testing.TB, tools tools, kind, file string) string {
	t.Helper()
	out, err := exec.Command(tools.keygen, "-q", "-t", kind, "-N", "", "-C", "", "-f", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	b, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func (s *Server) write(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(s.Dir, name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// writeConfig writes sshd_config, where the first value of a keyword wins, and
// known_hosts.
func (s *Server) writeConfig(t testing.TB, tools tools, o Options) string {
	t.Helper()
	extra, match := splitMatch(o.Config)
	lines := append([]string(nil), extra...)
	known := ""
	for _, kind := range hostKeyTypes(o) {
		lines = append(lines, "HostKey "+s.hostKeyFile(kind))
		b, err := os.ReadFile(s.hostKeyFile(kind) + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		known += fmt.Sprintf("[%s]:%d %s\n", s.Host, s.Port, strings.TrimSpace(string(b)))
	}
	s.KnownHosts = s.write(t, "known_hosts", known)
	for _, addr := range append([]string{s.Host}, o.Addresses...) {
		lines = append(lines, "ListenAddress "+addr)
	}
	yesNo := map[bool]string{true: "yes", false: "no"}
	lines = append(lines,
		fmt.Sprintf("Port %d", s.Port),
		"AuthorizedKeysFile "+filepath.Join(s.Dir, "authorized_keys"),
		"PidFile none",
		"UsePAM no",
		"StrictModes no",
		"PermitRootLogin yes",
		"PasswordAuthentication "+yesNo[o.Password != ""],
		"KbdInteractiveAuthentication no",
		"Subsystem sftp internal-sftp",
		"PrintMotd no",
		"PrintLastLog no",
		"LogLevel VERBOSE",
	)
	major, minor, err := tools.version()
	if err != nil {
		t.Fatal(err)
	}
	if major > 9 || major == 9 && minor >= 8 {
		// Tests fail to log in on purpose; the next one comes from the same address.
		lines = append(lines, "PerSourcePenalties no")
	}
	lines = append(lines, match...)
	return s.write(t, "sshd_config", strings.Join(lines, "\n")+"\n")
}

// splitMatch parts lines where the first Match block begins: it would swallow
// everything after it.
func splitMatch(lines []string) (global, match []string) {
	for i, line := range lines {
		if f := strings.Fields(line); len(f) > 0 && strings.EqualFold(f[0], "match") {
			return lines[:i], lines[i:]
		}
	}
	return lines, nil
}

//go:build unix

// The examples, tried out: each folder here is what a reader sees, without
// anything for tests in it. A test works on a copy, in which the addresses are
// those of throw-away hosts.
package examples_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the fleet that the tests run.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run builds fleet and runs the tests.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fleet-examples")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "fleet")
	build := exec.Command("go", "build", "-o", program, "fleet/cmd/fleet")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// A project is a copy of an example, and how fleet is called in it.
type project struct {
	dir  string
	home string
	env  []string // besides what every program needs
}

// copyExample makes one.
func copyExample(t *testing.T, name string) *project {
	t.Helper()
	p := &project{dir: filepath.Join(t.TempDir(), name), home: t.TempDir()}
	if err := os.CopyFS(p.dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	return p
}

// command is a program in the folder of the project, without a terminal.
func (p *project) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "LC_ALL=C", "FLEET_AGENT=off"}, p.env...)
	return cmd
}

// fleet runs it in the folder of the project.
func (p *project) fleet(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return output(t, p.command(program, args...))
}

// output runs a command to its end.
func output(t *testing.T, cmd *exec.Cmd) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// must is fleet where it has to work; it returns what was printed.
func (p *project) must(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := p.fleet(t, args...)
	if status != 0 {
		t.Fatalf("fleet %s: exit status %d\n%s%s", strings.Join(args, " "), status, stdout, stderr)
	}
	return stdout
}

// rewrite changes the text of every file of the project.
func (p *project) rewrite(t *testing.T, change func(text string) string) {
	t.Helper()
	err := filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(change(string(text))), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// write puts a file into the project.
func (p *project) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

//go:build unix

package secret

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sopsFiles are what is encrypted, by name.
func sopsFiles() map[string]string {
	return map[string]string{
		"s.yaml":   "db:\n  password: s3cret\n  users:\n    - anna\n  port: 5432\n  none: null\na.b: dotted\n\"443\": a number\nmulti: |\n  s3cret\n  lines\n",
		"s.json":   `{"db": {"password": "s3cret \" \u00e9", "users": ["anna", "bob"]}}`,
		"s.env":    "PASSWORD=s3cret\nOTHER=x y\n",
		"s.ini":    "[db]\npassword=s3cret\n",
		"text.bin": "s3cret\nas it is\n\n",
		"nul.bin":  "s3cret\x00",
	}
}

// A sopsCase is a value in one of the files. What follows the outcome is what
// sops 3.13 does, for machines without it.
type sopsCase struct {
	file, key      string
	want, failure  string
	stdout, stderr string
}

func sopsCases() []sopsCase {
	return []sopsCase{
		{file: "s.yaml", key: "db.password", want: "s3cret", stdout: "s3cret"},
		{file: "s.yaml", key: "db.users.0", want: "anna", stdout: "anna"},
		{file: "s.yaml", key: "db.port", want: "5432", stdout: "5432\n"},
		{file: "s.yaml", key: "db.none", failure: `the value of "db.none" is null`, stdout: "null\n"},
		{file: "s.yaml", key: `["a.b"]`, want: "dotted", stdout: "dotted"},
		{file: "s.yaml", key: `["443"]`, want: "a number", stdout: "a number"},
		{file: "s.yaml", key: "multi", want: "s3cret\nlines", stdout: "s3cret\nlines\n"},
		{file: "s.yaml", key: "missing", failure: "component ['missing'] not found", stderr: "error truncating tree: component ['missing'] not found\n"},
		{file: "s.yaml", key: "db.users.7", failure: "component [7] accesses out of bounds", stderr: "error truncating tree: component [7] accesses out of bounds\n"},
		{file: "s.json", key: "db.password", want: `s3cret " é`, stdout: `s3cret " é`},
		{file: "s.json", key: "db.users.1", want: "bob", stdout: "bob"},
		{file: "s.env", key: "PASSWORD", want: "s3cret", stdout: "s3cret"},
		{file: "s.env", key: "OTHER", want: "x y", stdout: "x y"},
		{file: "s.env", want: "PASSWORD=s3cret\nOTHER=x y", stdout: "PASSWORD=s3cret\nOTHER=x y\n"},
		{file: "s.ini", key: "db.password", want: "s3cret", stdout: "s3cret"},
		{file: "text.bin", want: "s3cret\nas it is\n", stdout: "s3cret\nas it is\n\n"},
		{file: "nul.bin", failure: "it holds a NUL byte", stdout: "s3cret\\000"},
		{file: "plain.yaml", key: "a", failure: "sops metadata not found", stderr: "sops metadata not found\n"},
		{file: "none.yaml", key: "a", failure: "non-existent file", stderr: "Error: cannot operate on non-existent file \"none.yaml\"\n"},
	}
}

const sopsWithoutKey = `Failed to get the data key required to decrypt the SOPS file.

Group 0: FAILED
  age1szmdft4uxc70796vxyx93k0vcjqer4dug4d5szsm9zcjqs0fa5xqtgvj5s: FAILED
    - | failed to create reader for decrypting sops data key with
      | age: identity did not match any of the recipients: incorrect
      | identity for recipient block. Did not find keys in locations
      | 'SOPS_AGE_KEY', and 'SOPS_AGE_KEY_CMD'.

Recovery failed because no master key was able to decrypt the file. In
order for SOPS to recover the file, at least one key has to be successful,
but none were.
`

// TestSopsOnItsFiles runs sops, where it is in PATH, on files that it encrypts
// with age, and else a stand-in that prints what sops does.
func TestSopsOnItsFiles(t *testing.T) {
	d := newDesk(t, "", sopsFiles())
	d.write(t, "plain.yaml", "a: b\n", 0o600)
	installed := encryptAll(t, d)
	for _, tt := range sopsCases() {
		t.Run(tt.file+" "+tt.key, func(t *testing.T) {
			if !installed {
				standIn(t, d, tt.stdout, tt.stderr)
			}
			got, err := d.resolve(t.Context(), Sops{Dir: d.dir, File: tt.file, Key: tt.key, Timeout: time.Minute})
			check(t, got, err, tt.want, tt.failure)
		})
	}
	t.Run("without the key", func(t *testing.T) {
		onlyIdentity(t, d)
		if !installed {
			standIn(t, d, "", sopsWithoutKey)
		}
		_, err := d.resolve(t.Context(), Sops{Dir: d.dir, File: "s.yaml", Key: "multi", Timeout: time.Minute})
		check(t, "", err, "", "Failed to get the data key required to decrypt the SOPS file.; failed to create reader for decrypting sops data key with age: identity did not match any of the recipients")
	})
}

// encryptAll encrypts the files with sops, and reports whether there is one.
func encryptAll(t *testing.T, d *desk) (installed bool) {
	t.Helper()
	sops, err := exec.LookPath("sops")
	if err != nil {
		t.Log("sops is not in PATH: a stand-in prints what it would")
		return false
	}
	recipient := onlyIdentity(t, d)
	for name := range sopsFiles() {
		out, err := exec.CommandContext(t.Context(), sops, "encrypt", "--age", recipient, "-i", filepath.Join(d.dir, name)).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	return true
}

// onlyIdentity makes an identity the only one that sops finds.
func onlyIdentity(t *testing.T, d *desk) (recipient string) {
	t.Helper()
	identity := newIdentity(t)
	d.write(t, "keys.txt", identity.String()+"\n", 0o600)
	t.Setenv("HOME", d.dir)
	t.Setenv("XDG_CONFIG_HOME", d.dir)
	t.Setenv("SOPS_AGE_KEY_FILE", filepath.Join(d.dir, "keys.txt"))
	for _, other := range []string{"SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_CMD"} {
		t.Setenv(other, "")
		_ = os.Unsetenv(other) // set back at the end of the test
	}
	return identity.Recipient().String()
}

// standIn puts a sops into PATH that prints what it is told, and fails when it
// has something to say.
func standIn(t *testing.T, d *desk, stdout, stderr string) {
	t.Helper()
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	status := 0
	if stderr != "" {
		status = 1
	}
	d.write(t, "sops", fmt.Sprintf("#!/bin/sh\nprintf %%b %s\nprintf %%s %s >&2\nexit %d\n", quote(stdout), quote(stderr), status), 0o700)
	t.Setenv("PATH", d.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// testRoot is a root with a command that takes a remote command.
func testRoot(got *selectionFlags, conn *connectionFlags, limits *limitFlags, words *[]string) *cobra.Command {
	a := newApp(env{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, lookup: func(string) (string, bool) { return "", false }})
	root := newRootCommand(a)
	cmd := &cobra.Command{Use: "test", RunE: func(_ *cobra.Command, args []string) error {
		*words = args
		return nil
	}}
	addFlags(cmd, "Which hosts", got.inventoryFlags())
	addFlags(cmd, "Which hosts", got.flags())
	addFlags(cmd, "How to connect", conn.flags())
	addFlags(cmd, "Limits", limits.flags())
	cmd.Flags().Bool("json", false, "")
	takesRemoteCommand(cmd)
	root.AddCommand(cmd)
	return root
}

func TestFlagsEndWhereTheRemoteCommandBegins(t *testing.T) {
	tests := []struct {
		args  string
		vars  string // -e and --var-file, with a space between
		words string
	}{
		{"test -w n1 uptime -a", "", "uptime -a"},
		{"test -w n1 -- -a", "", "-a"},
		{"test -w n1 prog -var a=b --json", "", "prog -var a=b --json"},
		{"test -var a=b -w n1 prog -var c=d", "a=b", "prog -var c=d"},
		{"test -var=a=b -var-file=f -w n1 prog", "a=b f", "prog"},
		{"test -var-file f --var a=b prog", "f a=b", "prog"},
		{"test -w -var -json prog", "", "prog"},      // -var is the value of -w
		{"test -vw -var prog -var", "", "prog -var"}, // also where -w is bundled
		{"-v test -e a=b prog", "a=b", "prog"},
		{"test -w n1 test -w n2", "", "test -w n2"},
		{"test -w n1 -- -- x", "", "-- x"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var (
				sel    selectionFlags
				conn   connectionFlags
				limits limitFlags
				words  []string
			)
			root := testRoot(&sel, &conn, &limits, &words)
			args, err := normalize(root, strings.Fields(tt.args))
			if err != nil {
				t.Fatal(err)
			}
			root.SetArgs(args)
			if err := root.Execute(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(words, strings.Fields(tt.words)) {
				t.Errorf("words are %q, want %q", words, tt.words)
			}
			var vars []string
			for _, v := range sel.vars {
				vars = append(vars, v.Assign+v.File)
			}
			if !slices.Equal(vars, strings.Fields(tt.vars)) {
				t.Errorf("variables are %q, want %q", vars, tt.vars)
			}
		})
	}
}

func TestBundledFlags(t *testing.T) {
	var (
		sel    selectionFlags
		conn   connectionFlags
		limits limitFlags
		words  []string
	)
	root := testRoot(&sel, &conn, &limits, &words)
	root.SetArgs([]string{"test", "-kaw", "n[1-3]", "-f8", "-ldeploy", "-p=2222", "-u90", "true"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if !sel.all || !conn.askPass || !slices.Equal(sel.hosts, []string{"n[1-3]"}) || limits.fanout != 8 ||
		conn.user != "deploy" || conn.port != 2222 || limits.commandTimeout.Seconds() != 90 {
		t.Errorf("got %+v %+v %+v", sel, conn, limits)
	}
}

func TestWrongLettersAreExplained(t *testing.T) {
	tests := []struct{ args, want, hint string }{
		{"test -u deploy true", `-u, --command-timeout: "deploy" is not a duration such as 90s or 5m`, "the login user is -l"},
		{"test -u 5x true", `-u, --command-timeout: "5x" is not a duration such as 90s or 5m`, ""},
		{"test -t uptime", `-t, --connect-timeout: "uptime" is not a duration such as 90s or 5m`, "a pseudo-terminal is --tty"},
		{"test -i id_ed25519 true", `-i, --inventory: "id_ed25519" is not an inventory`, "a private key to log in with is --identity"},
		{"test -l web* true", `-l, --user: "web*" is not a login name`, "to narrow the hosts: --limit"},
		{"test -o /tmp true", `-o, --option: "/tmp" is not of the form Key=Value`, "a folder for the output is --outdir"},
		{"test -e err true", `-e, --var: "err" is not of the form NAME=VALUE`, "a folder for error output is --errdir"},
		{"test -f 0 true", `-f, --fanout: "0" is less than 1`, ""},
		{"test -p 70000 true", `-p, --port: "70000" is not a port, 1 to 65535`, ""},
		{"test -H n1 true", `unknown flag -H`, "hosts are -w"},
		{"test -user x true", `-u, --command-timeout: "ser" is not a duration such as 90s or 5m`, "the login user is -l"},
		{"test --fanuot 3 true", `unknown flag --fanuot`, "did you mean --fanout?"},
		{"test -w", `-w, --hosts needs a value`, ""},
		{"tets -w n1 true", `unknown command "tets"`, "did you mean fleet test?"},
		{"@web uptime", `unknown command "@web"`, "to run a command on hosts: fleet run -w PATTERN -- COMMAND"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var (
				sel    selectionFlags
				conn   connectionFlags
				limits limitFlags
				words  []string
			)
			root := testRoot(&sel, &conn, &limits, &words)
			args, err := normalize(root, strings.Fields(tt.args))
			if err == nil {
				root.SetArgs(args)
				err = root.Execute()
			}
			var usage *usageError
			if !errors.As(err, &usage) {
				t.Fatalf("got %v, want a usage error", err)
			}
			if usage.Error() != tt.want || usage.hint != tt.hint {
				t.Errorf("got %q, hint %q\nwant %q, hint %q", usage, usage.hint, tt.want, tt.hint)
			}
			if usage.see == "" {
				t.Error("it does not say where help is")
			}
		})
	}
}

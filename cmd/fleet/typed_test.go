package main

import (
	"io"
	"slices"
	"testing"

	"fleet/internal/redact"
)

// take is what args mean, as fleet keeps it.
func take(t *testing.T, args ...string) *typed {
	t.Helper()
	a := newApp(env{stdout: io.Discard, stderr: io.Discard, lookup: func(string) (string, bool) { return "", false }})
	root := newRootCommand(a)
	args, err := normalize(root, args)
	if err != nil {
		t.Fatal(err)
	}
	cmd, rest, err := root.Find(args)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Fatal(err)
	}
	taken, err := takeApart(root, cmd, args)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func TestACommandLineIsTakenApartAsItWasMeant(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"two words", []string{"apply", "deploy", "-e", "a=b c"}, []string{"apply", "--var=a=b c", "--", "deploy"}},
		{"one word", []string{"apply", "-ea=b", "deploy"}, []string{"apply", "--var=a=b", "--", "deploy"}},
		{"with an equals sign", []string{"apply", "-e=a=b"}, []string{"apply", "--var=a=b"}},
		{"long", []string{"apply", "--var", "a=b", "--var=c=d"}, []string{"apply", "--var=a=b", "--var=c=d"}},
		{"of Terraform", []string{"apply", "-var", "a=b", "-var-file=x"}, []string{"apply", "--var=a=b", "--var-file=x"}},
		{"bundled", []string{"apply", "-bye", "a=b"}, []string{"apply", "--gather=end", "--yes=true", "--var=a=b"}},
		{"flags of all commands in front", []string{"-qv", "apply", "-v", "x"}, []string{"apply", "--quiet=true", "--verbose=+1", "--verbose=+1", "--", "x"}},
		{"a value that is a command", []string{"--color", "never", "plan", "--limit", "plan"}, []string{"plan", "--color=never", "--limit=plan"}},
		{"a value that may be left out", []string{"apply", "--failed", "deploy"}, []string{"apply", "--failed=last", "--", "deploy"}},
		{"a command for hosts", []string{"run", "-aw", "web1", "echo", "-e", "a=b"}, []string{"run", "--all=true", "--hosts=web1", "--", "echo", "-e", "a=b"}},
		{"after two dashes", []string{"run", "-a", "--", "-x", "--"}, []string{"run", "--all=true", "--", "-x", "--"}},
		{"two words of command", []string{"runs", "resume", "-y", "2026"}, []string{"runs", "resume", "--yes=true", "--", "2026"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := take(t, tt.args...).args()
			if !slices.Equal(got, tt.want) {
				t.Fatalf("got  %q\nwant %q", got, tt.want)
			}
			if again := readTyped(got).args(); !slices.Equal(again, got) {
				t.Errorf("read again: %q", again)
			}
			if again := take(t, got...).args(); !slices.Equal(again, got) {
				t.Errorf("typed again: %q", again)
			}
		})
	}
}

func TestWhatWasNotKeptHasToBeGivenAgain(t *testing.T) {
	kept := []string{"apply", "--var=pass=" + redact.Mark, "--var=release=1", "--yes=true", "--", "deploy"}
	tests := []struct {
		name    string
		kept    []string
		more    []typedFlag
		environ string
		want    []string
		lost    string
	}{
		{name: "nothing", kept: kept, lost: "-e pass"},
		{name: "another", kept: kept, more: []typedFlag{{"var", "passwd=x"}}, lost: "-e pass"},
		{
			name: "given", kept: kept, more: []typedFlag{{"var", "pass=a=b"}, {"quiet", "true"}},
			want: []string{"apply", "--var=release=1", "--yes=true", "--var=pass=a=b", "--quiet=true", "--", "deploy"},
		},
		{
			name: "from the environment", kept: kept, environ: "FLEET_VAR_pass",
			want: []string{"apply", "--var=release=1", "--yes=true", "--", "deploy"},
		},
		{
			name: "what is given last wins", kept: kept, environ: "FLEET_VAR_pass", more: []typedFlag{{"var", "release=2"}},
			want: []string{"apply", "--var=release=1", "--yes=true", "--var=release=2", "--", "deploy"},
		},
		{name: "in another flag", kept: []string{"apply", "--limit=" + redact.Mark}, lost: "--limit=" + redact.Mark},
		{name: "in a word", kept: []string{"run", "--", "echo", "x" + redact.Mark}, lost: "x" + redact.Mark},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &env{lookup: func(name string) (string, bool) { return "x", tt.environ != "" && name == tt.environ }}
			if tt.environ == "" {
				e.lookup = func(string) (string, bool) { return "", false }
			}
			got, lost := readTyped(tt.kept).with(e, tt.more)
			if lost != tt.lost {
				t.Fatalf("lost %q, want %q", lost, tt.lost)
			}
			if lost == "" && !slices.Equal(got.args(), tt.want) {
				t.Errorf("got  %q\nwant %q", got.args(), tt.want)
			}
		})
	}
}

// FuzzReadTyped: whatever a journal holds is read, and what was written is read as
// it was.
func FuzzReadTyped(f *testing.F) {
	f.Add("apply", "var", "a=b", "deploy")
	f.Add("run", "gather", "end", "--")
	f.Add("-", "", "=", "-x")
	f.Fuzz(func(t *testing.T, command, name, value, word string) {
		_ = readTyped([]string{command, name, value, word}).args()
		if command == "" || command[0] == '-' || slices.Contains([]byte(name), '=') {
			return
		}
		want := &typed{command: []string{command}, flags: []typedFlag{{name, value}}, words: []string{word}}
		if name == "" && value == "" {
			return
		}
		if got := readTyped(want.args()); !slices.Equal(got.args(), want.args()) || got.words[0] != word {
			t.Errorf("got %q, want %q", got.args(), want.args())
		}
	})
}

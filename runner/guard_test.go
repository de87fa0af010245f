//go:build !windows

package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fleet/tasks"
	"fleet/transport"
)

// here is this machine.
func here() *machine {
	return &machine{name: "local", transport: transport.Local{}, target: transport.Target{Name: "local"}}
}

func TestAGuardSaysWhetherThereIsSomethingToDo(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write := func(name string) string {
		t.Helper()
		file := filepath.Join(home, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	there := write("it's there")
	dangling := filepath.Join(home, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	_ = write("b*")
	dash := "-e"
	_ = write(dash)
	tests := []struct {
		name   string
		guards []tasks.Guard
		want   string
	}{
		{"nothing to ask", nil, ""},
		{"creates, there", []tasks.Guard{{Kind: "creates", Text: there}}, "creates " + there + " exists"},
		{"creates, missing", []tasks.Guard{{Kind: "creates", Text: there + "x"}}, ""},
		{"creates, a link to nothing", []tasks.Guard{{Kind: "creates", Text: dangling}}, "creates " + dangling + " exists"},
		{"creates, in the directory", []tasks.Guard{{Kind: "creates", Text: "it's there"}}, "creates it's there exists"},
		{"creates, at home", []tasks.Guard{{Kind: "creates", Text: "~/it's there"}}, "creates ~/it's there exists"},
		{"creates, home itself", []tasks.Guard{{Kind: "creates", Text: "~"}}, "creates ~ exists"},
		{"creates, no pattern", []tasks.Guard{{Kind: "creates", Text: "it*"}}, ""},
		{"creates, a star", []tasks.Guard{{Kind: "creates", Text: "b*"}}, "creates b* exists"},
		{"creates, a dash", []tasks.Guard{{Kind: "creates", Text: dash}}, "creates -e exists"},
		{"creates, an operator", []tasks.Guard{{Kind: "creates", Text: "!"}}, ""},
		{"removes, there", []tasks.Guard{{Kind: "removes", Text: there}}, ""},
		{"removes, missing", []tasks.Guard{{Kind: "removes", Text: "/no/such"}}, "removes /no/such does not exist"},
		{"unless, yes", []tasks.Guard{{Kind: "unless", Text: "true"}}, `unless "true" succeeds`},
		{"unless, no", []tasks.Guard{{Kind: "unless", Text: "exit 2"}}, ""},
		{"unless, not found", []tasks.Guard{{Kind: "unless", Text: "no-such-command"}}, ""},
		{"unless, killed", []tasks.Guard{{Kind: "unless", Text: "sh -c 'kill -KILL $$'"}}, ""},
		{"only_if, yes", []tasks.Guard{{Kind: "only_if", Text: "test -d ."}}, ""},
		{"only_if, no", []tasks.Guard{{Kind: "only_if", Text: "test -f ."}}, `only_if "test -f ." fails`},
		{"the environment", []tasks.Guard{{Kind: "unless", Text: `[ "$GREETING" = "it's" ]`}}, `unless "[ \"$GREETING\" = \"it's\" ]" succeeds`},
		{"noise", []tasks.Guard{{Kind: "unless", Text: "echo skip 0; echo bad 0; echo at 7; false"}}, ""},
		{"input", []tasks.Guard{{Kind: "unless", Text: "! read -r line"}}, `unless "! read -r line" succeeds`},
		{"several lines", []tasks.Guard{{Kind: "unless", Text: "a=1\n# it's\n[ $a = 1 ]\n"}}, `unless "a=1..." succeeds`},
		{"a comment", []tasks.Guard{{Kind: "unless", Text: "# nothing"}}, `unless "# nothing" succeeds`},
		{"its own end", []tasks.Guard{{Kind: "only_if", Text: "cat <<FLEET_END_OF_GUARD\nx\nFLEET_END_OF_GUARD\nfalse"}}, `only_if "cat <<FLEET_END_OF_GUARD..." fails`},
		{
			"the first that says so",
			[]tasks.Guard{
				{Kind: "unless", Text: "false"},
				{Kind: "removes", Text: there},
				{Kind: "only_if", Text: "false"},
				{Kind: "unless", Text: "true"},
			},
			`only_if "false" fails`,
		},
		{"all say go", []tasks.Guard{{Kind: "creates", Text: "x"}, {Kind: "removes", Text: there}, {Kind: "unless", Text: "false"}, {Kind: "only_if", Text: "true"}}, ""},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for _, private := range []bool{false, true} {
				c := &tasks.Call{
					Guards:  tt.guards,
					Private: private,
					Action:  &tasks.Command{Script: "echo reached", Dir: home, Env: []string{"GREETING=it's", "HOME=" + home}},
				}
				got, err := guarded(t.Context(), here(), &tasks.Step{Name: "x", GuardTimeout: time.Minute}, c)
				if err != nil || got != tt.want {
					t.Errorf("private %t: got %q, %v, want %q", private, got, err, tt.want)
				}
			}
		})
	}
}

func TestAGuardThatCannotBeAskedIsAnErrorAndNotANo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		guard tasks.Guard
		dir   string
		words []string
	}{
		{"a syntax error", tasks.Guard{Kind: "unless", Text: "if true; the"}, "", []string{`unless "if true; the"`, "/bin/sh"}},
		{"a quote that is open", tasks.Guard{Kind: "only_if", Text: "test 'x"}, "", []string{`only_if "test 'x"`, "/bin/sh"}},
		{"too many ends", tasks.Guard{Kind: "unless", Text: "true; fi"}, "", []string{`unless "true; fi"`}},
		{"a bracket of the wrapper", tasks.Guard{Kind: "only_if", Text: ") || (true"}, "", []string{"only_if"}},
		{"no directory", tasks.Guard{Kind: "creates", Text: "x"}, "/no/such/dir", []string{`"/no/such/dir"`}},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c := &tasks.Call{Guards: []tasks.Guard{tt.guard}, Action: &tasks.Command{Dir: tt.dir}}
			reason, err := guarded(t.Context(), here(), &tasks.Step{Name: "x", GuardTimeout: time.Minute}, c)
			if err == nil || reason != "" {
				t.Fatalf("got %q, %v", reason, err)
			}
			for _, w := range tt.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
}

func TestAGuardThatHangsIsStopped(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "reached")
	c := &tasks.Call{
		Guards: []tasks.Guard{{Kind: "creates", Text: "/no/such"}, {Kind: "unless", Text: "sleep 600; echo >" + file}},
		Action: &tasks.Command{},
	}
	reason, err := guarded(t.Context(), here(), &tasks.Step{Name: "x", GuardTimeout: 300 * time.Millisecond}, c)
	var te *transport.Error
	if !errors.As(err, &te) || te.Kind != transport.KindTimeout || !te.Stopped || reason != "" {
		t.Fatalf("got %q, %#v", reason, err)
	}
	if !strings.Contains(te.Err.Error(), `unless "sleep 600`) || !strings.Contains(te.Err.Error(), "timed out after 300ms") {
		t.Errorf("got %v", te.Err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it went on")
	}
}

func TestAGuardOfACanceledRunIsNotSaidToHang(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	c := &tasks.Call{Guards: []tasks.Guard{{Kind: "unless", Text: "true"}}, Action: &tasks.Command{}}
	_, err := guarded(ctx, here(), &tasks.Step{Name: "x", GuardTimeout: time.Minute}, c)
	if transport.KindOf(err) != transport.KindCanceled || !strings.Contains(err.Error(), "enough") {
		t.Errorf("got %v", err)
	}
}

//go:build !windows

package transporttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fleet/transport"
)

// Options say what the implementation cannot do.
type Options struct {
	NoSubsystem bool // Open refuses
	NoTerminal  bool // Command.TTY is refused
	// SkipTerminal is set where this machine has no terminals to give.
	SkipTerminal bool
	// NoLateOutput is set for a server that ends the session with the command,
	// whoever still holds its output (Dropbear).
	NoLateOutput bool
	// NoUnixListener and NoListenerClose are set for a server that does not
	// listen on Unix sockets, or listens until the connection ends (Dropbear).
	NoUnixListener, NoListenerClose bool
}

// Run tests tr against the contract, on target.
func Run(t *testing.T, tr transport.Transport, target transport.Target, o Options) {
	s := &suite{tr: tr, target: target}
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a command's output arrives on the stream it was written to", s.streams},
		{"an exit status is a status and not an error", s.statuses},
		{"a signal that ended the command is named", s.signal},
		{"the script reaches the shell unchanged", s.script},
		{"arguments arrive as they are", s.args},
		{"environment and directory are set", s.environment},
		{"without stdin the command reads an empty input", s.noStdin},
		{"stdin arrives whole and ends", s.stdin},
		{"a command need not read its stdin", s.unreadStdin},
		{"large output arrives whole on both streams", s.large},
		{"a large script runs", s.largeScript},
		{"a background process survives a normal end", s.background},
		{"a plain wait waits for what the script started and nothing else", s.plainWait},
		{"a script can signal itself", s.signalsItself},
		{"a command may close its streams early", s.closesStreams},
		{"a canceled command is stopped with its group, and verified", s.cancel},
		{"a command that ignores TERM is killed after the grace", s.stubborn},
		{"a script may clean up when it is stopped", s.cleanup},
		{"a command with input is stopped with its group, and verified", s.cancelWithInput},
		{"a deadline is told from a cancellation", s.deadline},
		{"a context that has ended sends nothing", s.endedContext},
		{"a writer that fails stops the command", s.writer},
		{"many commands run at one time", s.concurrent},
		{"dialing reaches what listens", s.dial},
		{"a refused dial is an error of kind refused", s.refusedDial},
		{"a link carries TCP both ways", s.linkTCP},
		{"a link tells what was refused", s.linkRefused},
		{"connections that nobody accepts do not block a link", s.linkUnaccepted},
		{"a closed link ends all that is on it", s.linkClosed},
		{"a context that has ended opens nothing on a link", s.linkEndedContext},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), test.run)
	}
	if !o.NoLateOutput {
		t.Run("output_of_a_background_process_that_outlives_the_script_arrives", s.lateOutput)
	}
	if !o.NoUnixListener {
		t.Run("a_link_carries_Unix_sockets_both_ways", s.linkUnix)
	}
	if !o.NoListenerClose {
		t.Run("a_closed_listener_leaves_the_rest_of_its_link_alone", s.linkListenerClosed)
	}
	if !o.SkipTerminal {
		t.Run("terminal", func(t *testing.T) { s.terminal(t, o) })
	}
	t.Run("subsystem", func(t *testing.T) { s.subsystem(t, o) })
}

type suite struct {
	tr     transport.Transport
	target transport.Target
}

// run runs script and returns what came of it; the test fails on an error.
func (s *suite) run(t *testing.T, c *transport.Command) (st transport.Status, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	st, err := s.tr.Run(t.Context(), s.target, c)
	if err != nil {
		t.Fatalf("Run(%.60q): %v (stdout %q, stderr %q)", c.Script, err, out.String(), errs.String())
	}
	return st, out.String(), errs.String()
}

func (s *suite) streams(t *testing.T) {
	st, out, errs := s.run(t, &transport.Command{Script: "echo one; echo two >&2"})
	if !st.OK() || out != "one\n" || errs != "two\n" {
		t.Errorf("got status %+v, stdout %q, stderr %q", st, out, errs)
	}
}

func (s *suite) statuses(t *testing.T) {
	for script, want := range map[string]int{
		"true": 0, "false": 1, "exit 3": 3, "exit 255": 255, "(exit 7)": 7,
		"exec sh -c 'exit 9'": 9, "no-such-command-here": 127, "trap 'exit 4' EXIT": 4,
	} {
		if st, _, _ := s.run(t, &transport.Command{Script: script}); st.Code != want || st.Signal != "" {
			t.Errorf("%q: got %+v, want status %d", script, st, want)
		}
	}
}

func (s *suite) signal(t *testing.T) {
	if st, _, _ := s.run(t, &transport.Command{Script: "kill -KILL $$"}); st.Code != 137 || st.Signal != "KILL" {
		t.Errorf("got %+v, want 137 KILL", st)
	}
}

func (s *suite) script(t *testing.T) {
	for script, want := range map[string]string{
		`printf '%s ' 'a  b' "c'd" e\\f !g $((1+2)) {x,y}`: "a  b c'd e\\f !g 3 {x,y} ",
		"echo ä漢\techo":                          "ä漢 echo\n",
		"cat <<'E'\nit's $HOME\\\n\nE\necho end": "it's $HOME\\\n\nend\n",
		"if true\nthen\n\techo yes\nfi":          "yes\n",
		"# nothing\n":                            "",
		"":                                       "",
		"printf 'no newline'":                    "no newline",
		`echo "$0"`:                              "sh\n",
	} {
		if st, out, _ := s.run(t, &transport.Command{Script: script}); !st.OK() || out != want {
			t.Errorf("%q: got %+v %q, want %q", script, st, out, want)
		}
	}
}

func (s *suite) args(t *testing.T) {
	args := []string{"", "a b", "it's", `back\slash`, "!x", "-n", "*", "$HOME", "ü"}
	_, out, _ := s.run(t, &transport.Command{Script: `for a; do printf '%s|' "$a"; done`, Args: args})
	if want := strings.Join(args, "|") + "|"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func (s *suite) environment(t *testing.T) {
	_, out, _ := s.run(t, &transport.Command{Script: `echo "$A_1|$B"; pwd`, Env: []string{"A_1=it's\tso", "B="}, Dir: "/"})
	if want := "it's\tso|\n/\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func (s *suite) noStdin(t *testing.T) {
	if st, out, _ := s.run(t, &transport.Command{Script: "wc -c | tr -d ' '"}); !st.OK() || out != "0\n" {
		t.Errorf("got %+v %q", st, out)
	}
}

func (s *suite) stdin(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcde\n"), 100_000)
	st, out, _ := s.run(t, &transport.Command{Script: "cat; echo end", Stdin: bytes.NewReader(data)})
	if !st.OK() || out != string(data)+"end\n" {
		t.Errorf("got %+v and %d bytes, want %d", st, len(out), len(data)+4)
	}
}

func (s *suite) unreadStdin(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 8<<20) // more than any pipe or window holds
	if st, _, _ := s.run(t, &transport.Command{Script: "exit 5", Stdin: bytes.NewReader(data)}); st.Code != 5 {
		t.Errorf("got %+v, want 5", st)
	}
}

func (s *suite) large(t *testing.T) {
	const n = 5_000_000
	var out, errs digest
	script := fmt.Sprintf("yes 0123456789 | head -c %d & yes abcdefghi | head -c %d >&2; wait", n, n)
	st, err := s.tr.Run(t.Context(), s.target, &transport.Command{Script: script, Stdout: &out, Stderr: &errs})
	if err != nil || !st.OK() {
		t.Fatalf("got %+v, %v", st, err)
	}
	if want := digestOf("0123456789\n", n); out.sum() != want {
		t.Errorf("stdout: %d bytes, or other bytes than were written", out.n)
	}
	if want := digestOf("abcdefghi\n", n); errs.sum() != want {
		t.Errorf("stderr: %d bytes, or other bytes than were written", errs.n)
	}
}

func (s *suite) largeScript(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "v%d='it is line %d \\ ! of \"many\"'\n", i, i)
	}
	b.WriteString(`echo "$v4999 $1"`)
	st, out, _ := s.run(t, &transport.Command{Script: b.String(), Args: []string{"arg"}})
	if want := "it is line 4999 \\ ! of \"many\" arg\n"; !st.OK() || out != want {
		t.Errorf("got %+v %q, want %q", st, out, want)
	}
}

func (s *suite) background(t *testing.T) {
	st, out, _ := s.run(t, &transport.Command{Script: "sleep 300 >/dev/null 2>&1 </dev/null & echo $!"})
	pid, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil || !st.OK() {
		t.Fatalf("got %+v %q", st, out)
	}
	if !alive(pid) {
		t.Error("the background process did not survive")
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func (s *suite) cancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gaveUp := errors.New("gave up")
	pids, err := s.stopped(ctx, t, func() { cancel(gaveUp) }, "sleep 300 & echo $!; sleep 301 | cat & echo $!; echo $$; wait; echo not reached")
	if !errors.Is(err, gaveUp) || transport.KindOf(err) != transport.KindCanceled {
		t.Errorf("got %v of kind %q", err, transport.KindOf(err))
	}
	mustBeGone(t, pids, err)
}

func (s *suite) stubborn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pids, err := s.stopped(ctx, t, cancel, `trap "" TERM; sh -c 'trap "" TERM; while :; do sleep 1; done' & echo $!; echo $$; echo $$; while :; do sleep 1; done`)
	mustBeGone(t, pids, err)
}

func (s *suite) deadline(t *testing.T) {
	late := fmt.Errorf("too late: %w", context.DeadlineExceeded)
	ctx, cancel := context.WithCancelCause(t.Context())
	pids, err := s.stopped(ctx, t, func() { cancel(late) }, "echo $$; echo $$; echo $$; sleep 300")
	if transport.KindOf(err) != transport.KindTimeout {
		t.Errorf("got %v of kind %q, want timeout", err, transport.KindOf(err))
	}
	mustBeGone(t, pids, err)
}

// stopped runs a script that prints three process numbers and then lasts,
// calls stop when they were printed, and returns them with Run's error.
func (s *suite) stopped(ctx context.Context, t *testing.T, stop func(), script string) ([]int, error) {
	t.Helper()
	out := &lines{want: 3, reached: stop}
	_, err := s.tr.Run(ctx, s.target, &transport.Command{Script: script, Stdout: out, Grace: time.Second})
	var pids []int
	for _, f := range strings.Fields(out.b.String()) {
		pid, perr := strconv.Atoi(f)
		if perr != nil {
			t.Fatalf("the script printed %q", out.b.String())
		}
		pids = append(pids, pid)
	}
	return pids, err
}

func mustBeGone(t *testing.T, pids []int, err error) {
	t.Helper()
	var e *transport.Error
	if !errors.As(err, &e) || !e.Sent || !e.Stopped {
		t.Errorf("got %#v, want an error that says the command was sent and is verified to be gone", err)
	}
	if len(pids) == 0 {
		t.Error("no process numbers were printed")
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d is still there", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (s *suite) endedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.tr.Run(ctx, s.target, &transport.Command{Script: "echo reached"})
	var e *transport.Error
	if !errors.As(err, &e) || e.Sent || !e.Stopped || e.Kind != transport.KindCanceled {
		t.Errorf("got %#v", err)
	}
}

func (s *suite) writer(t *testing.T) {
	full := errors.New("no space left")
	_, err := s.tr.Run(t.Context(), s.target, &transport.Command{Script: "while :; do echo x; done", Stdout: failing{full}, Grace: time.Second})
	var e *transport.Error
	if !errors.Is(err, full) || !errors.As(err, &e) || e.Kind != transport.KindInternal || !e.Stopped {
		t.Errorf("got %#v", err)
	}
}

func (s *suite) concurrent(t *testing.T) {
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			var out bytes.Buffer
			st, err := s.tr.Run(t.Context(), s.target, &transport.Command{Script: "echo $1; exit $1", Args: []string{strconv.Itoa(i)}, Stdout: &out})
			if err != nil || st.Code != i || out.String() != strconv.Itoa(i)+"\n" {
				t.Errorf("command %d: got %+v, %q, %v", i, st, out.String(), err)
			}
		})
	}
	group.Wait()
}

func (s *suite) terminal(t *testing.T, o Options) {
	c := &transport.Command{Script: "test -t 0 && test -t 1 && echo $TERM; stty size", TTY: &transport.TTY{Term: "vt100", Rows: 11, Cols: 77}}
	if o.NoTerminal {
		if _, err := s.tr.Run(t.Context(), s.target, c); transport.KindOf(err) != transport.KindRefused {
			t.Errorf("got %v, want refused", err)
		}
		return
	}
	if st, out, _ := s.run(t, c); !st.OK() || strings.ReplaceAll(out, "\r", "") != "vt100\n11 77\n" {
		t.Errorf("got %+v %q", st, out)
	}
}

func (s *suite) subsystem(t *testing.T, o Options) {
	f, err := s.tr.Open(t.Context(), s.target, "sftp")
	if o.NoSubsystem {
		if transport.KindOf(err) != transport.KindRefused {
			t.Errorf("got %v, want refused", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	// SSH_FXP_INIT, version 3 (draft-ietf-secsh-filexfer-02 section 4).
	if _, err := f.Write([]byte{0, 0, 0, 5, 1, 0, 0, 0, 3}); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 9)
	if _, err := io.ReadFull(f, reply); err != nil || reply[4] != 2 {
		t.Errorf("got %v, %v, want SSH_FXP_VERSION", reply, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.tr.Open(t.Context(), s.target, "no-such-subsystem"); transport.KindOf(err) != transport.KindRefused {
		t.Errorf("unknown subsystem: got %v, want refused", err)
	}
}

func digestOf(line string, n int) [32]byte {
	var d digest
	_, _ = d.Write([]byte(strings.Repeat(line, n/len(line)+1)[:n]))
	return d.sum()
}

// A digest remembers what was written without keeping it.
type digest struct {
	b bytes.Buffer
	n int
}

func (d *digest) Write(p []byte) (int, error) {
	d.n += len(p)
	return d.b.Write(p)
}

func (d *digest) sum() [32]byte { return sha256.Sum256(d.b.Bytes()) }

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// lines calls reached when want lines were written.
type lines struct {
	b       bytes.Buffer
	want    int
	reached func()
}

func (l *lines) Write(p []byte) (int, error) {
	before := bytes.Count(l.b.Bytes(), []byte("\n"))
	l.b.Write(p)
	if after := bytes.Count(l.b.Bytes(), []byte("\n")); before < l.want && after >= l.want {
		l.reached()
	}
	return len(p), nil
}

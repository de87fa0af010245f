//go:build unix

package term

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// console is a terminal with a person in front of it.
type console struct {
	*device
	keys *os.File
}

func openConsole(t *testing.T) *console {
	t.Helper()
	keys, f, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	// A second descriptor of the same terminal, in the way /dev/tty is opened.
	again, err := os.OpenFile(f.Name(), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDevice(again)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close(); f.Close(); d.Close() })
	return &console{device: d, keys: keys}
}

// see reads the screen until it ends in want.
func (c *console) see(t *testing.T, want string) {
	t.Helper()
	var b bytes.Buffer
	for !strings.HasSuffix(b.String(), want) {
		if _, err := io.CopyN(&b, c.keys, 1); err != nil {
			t.Fatalf("saw %q: %v", b.String(), err)
		}
	}
}

func (c *console) shows(t *testing.T) bool {
	t.Helper()
	s, err := c.state()
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&unix.ECHO != 0
}

type reply struct {
	text string
	err  error
}

func (c *console) start(ctx context.Context, prompt string, echo bool) <-chan reply {
	done := make(chan reply, 1)
	go func() {
		b, err := c.ask(ctx, prompt, echo)
		done <- reply{string(b), err}
	}()
	return done
}

func TestASecretIsNotShown(t *testing.T) {
	c := openConsole(t)
	done := c.start(t.Context(), "Password: ", false)
	c.see(t, "Password: ")
	if c.shows(t) {
		t.Error("echo is on")
	}
	if _, err := c.keys.WriteString("s3cret\r"); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.text != "s3cret" || r.err != nil {
		t.Errorf("got %q, %v", r.text, r.err)
	}
	c.see(t, "\r\n")
	if !c.shows(t) {
		t.Error("echo stays off")
	}
}

func TestAskShowsWhatIsTyped(t *testing.T) {
	c := openConsole(t)
	done := c.start(t.Context(), "Continue? ", true)
	c.see(t, "Continue? ")
	if _, err := c.keys.WriteString("yes\n"); err != nil {
		t.Fatal(err)
	}
	c.see(t, "yes\r\n")
	if r := <-done; r.text != "yes" || r.err != nil {
		t.Errorf("got %q, %v", r.text, r.err)
	}
}

func TestAPromptEndsWithItsContextAndRestoresTheTerminal(t *testing.T) {
	c := openConsole(t)
	why := errors.New("deadline")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := c.start(ctx, "Password: ", false)
	c.see(t, "Password: ")
	cancel(why)
	if r := <-done; !errors.Is(r.err, why) {
		t.Errorf("got %q, %v", r.text, r.err)
	}
	if !c.shows(t) {
		t.Error("echo stays off")
	}
}

func TestAPromptEndsOnASignalAndRestoresTheTerminal(t *testing.T) {
	c := openConsole(t)
	done := c.start(t.Context(), "Password: ", false)
	c.see(t, "Password: ")
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if r := <-done; !errors.Is(r.err, ErrInterrupted) {
		t.Errorf("got %q, %v", r.text, r.err)
	}
	if !c.shows(t) {
		t.Error("echo stays off")
	}
}

func TestAContinuedProcessAsksAgainWithoutEcho(t *testing.T) {
	c := openConsole(t)
	done := c.start(t.Context(), "Password: ", false)
	c.see(t, "Password: ")
	s, err := c.state()
	if err != nil {
		t.Fatal(err)
	}
	s.Lflag |= unix.ECHO // as a shell does
	if err := c.set(s, false); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.see(t, "Password: ")
	if c.shows(t) {
		t.Error("echo is on")
	}
	if _, err := c.keys.WriteString("x\n"); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.text != "x" || r.err != nil {
		t.Errorf("got %q, %v", r.text, r.err)
	}
}

func TestNoAnswerIsAnError(t *testing.T) {
	c := openConsole(t)
	done := c.start(t.Context(), "Password: ", false)
	c.see(t, "Password: ")
	if _, err := c.keys.WriteString("\x04"); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.err == nil || !strings.Contains(r.err.Error(), "no answer") {
		t.Errorf("got %q, %v", r.text, r.err)
	}
}

func TestAskOfACanceledContextNeedsNoTerminal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Ask(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestAskWithoutATerminalSaysSo runs itself in a session that has none.
func TestAskWithoutATerminalSaysSo(t *testing.T) {
	const child = "FLEET_TEST_WITHOUT_TERMINAL"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAskWithoutATerminalSaysSo$")
		cmd.Env = append(os.Environ(), child+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	_, err := AskSecret(t.Context(), "Password: ")
	if !errors.Is(err, ErrNoTerminal) || err.Error() != `ask "Password: ": no terminal to ask on` {
		t.Errorf("got %v", err)
	}
}

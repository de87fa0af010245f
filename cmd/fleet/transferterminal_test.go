//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestATransferShowsHowFarItIs(t *testing.T) {
	t.Parallel()
	l := terminalLab(t)
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte("x"), 2_000_000), 0o600); err != nil {
		t.Fatal(err)
	}
	x := onTerminal(t, l, []string{"NO_COLOR=1"}, "push", "-w", "lab01", "--limit-rate", "500k", big, "big")
	x.expect(" of 2 MB, ")
	x.expect("kB/s, ")
	x.expect("s left")
	x.press(ctrlC)
	x.expect("fleet: 0 of 1 hosts done")
	x.press(ctrlC)
	said := x.exits(130)
	if want := "fleet: stopping the transfers, and removing what is unfinished; Ctrl-C once more leaves at once"; !strings.Contains(said, want) {
		t.Errorf("no %q in:\n%s", want, said)
	}
	last := said[strings.LastIndex(said, "\x1b[K")+1:]
	if strings.Contains(last, "MB") {
		t.Errorf("the status line is left: %q", last)
	}
	left, err := filepath.Glob(filepath.Join(l.Dir, "hosts", "lab01", ".big*"))
	if err != nil || len(left) > 0 {
		t.Errorf("it left %q (%v)", left, err)
	}
}

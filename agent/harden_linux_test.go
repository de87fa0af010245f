package agent

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHardenedProcess is what the test below runs, in a process of its own.
func TestHardenedProcess(t *testing.T) {
	if os.Getenv(childMode) != "harden" {
		return
	}
	if err := Harden(); err != nil {
		t.Fatal(err)
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core.Cur != 0 || core.Max != 0 {
		t.Errorf("core files: %+v, %v", core, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("dumpable is %d, %v", dumpable, err)
	}
	_, _ = os.Stdout.WriteString("hardened\n")
}

func TestHardeningKeepsTheMemoryFromOthers(t *testing.T) {
	cmd := child(t, "harden", "")
	cmd.Args[1] = "-test.run=^TestHardenedProcess$"
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "hardened\n") {
		t.Errorf("got %s, %v", out, err)
	}
}

//go:build unix

package journal

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

func TestToStopARunTerminatesItsProcess(t *testing.T) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	defer signal.Stop(asked)
	s := Open(t.TempDir())
	begin(t, s, Meta{Kind: KindApply})
	if err := found(t, s, "").Stop(); err != nil {
		t.Fatal(err)
	}
	<-asked
}

func TestARunOfAnotherMachineIsNotStopped(t *testing.T) {
	s := Open(t.TempDir())
	begin(t, s, Meta{Kind: KindApply, Machine: "another.example.com"})
	if err := found(t, s, "").Stop(); err == nil || !strings.Contains(err.Error(), `is a process of machine "another.example.com"`) {
		t.Errorf("got %v", err)
	}
}

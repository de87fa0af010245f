//go:build unix

package journal

import (
	"os"
	"os/signal"
	"strings"
	"testing"
)

func TestToStopARunInterruptsItsProcess(t *testing.T) {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	s := Open(t.TempDir())
	begin(t, s, Meta{Kind: KindApply})
	if err := found(t, s, "").Stop(); err != nil {
		t.Fatal(err)
	}
	<-interrupts
}

func TestARunOfAnotherMachineIsNotStopped(t *testing.T) {
	s := Open(t.TempDir())
	begin(t, s, Meta{Kind: KindApply, Machine: "another.example.com"})
	if err := found(t, s, "").Stop(); err == nil || !strings.Contains(err.Error(), `is a process of machine "another.example.com"`) {
		t.Errorf("got %v", err)
	}
}

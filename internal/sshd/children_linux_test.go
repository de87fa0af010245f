package sshd

import "testing"

func TestAdoptFindsWhatAKilledServerLeft(t *testing.T) {
	l := start(t, Config{})
	pid := started(t, l.session(l.dial()), "echo $$; exec sleep 600")
	if err := Adopt(l.conf.Children.Mark()).Kill(); err != nil {
		t.Error(err)
	}
	if !gone(pid) {
		t.Error("the command is left")
	}
}

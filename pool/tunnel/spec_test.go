package tunnel

import (
	"testing"

	"fleet/transport"
)

func TestWhatSSHSaysOfKeepalivesHolds(t *testing.T) {
	s := &Spec{Target: transport.Target{Link: transport.LinkOptions{KeepaliveMax: 9}}}
	if got := s.reach().Link; got.Keepalive != keepaliveEvery || got.KeepaliveMax != 9 {
		t.Errorf("got %s, %d times", got.Keepalive, got.KeepaliveMax)
	}
}

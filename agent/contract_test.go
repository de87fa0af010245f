//go:build !windows

package agent

import (
	"testing"
	"time"

	"fleet/internal/sshd"
	"fleet/internal/sshd/sshdtest"
	"fleet/pool"
	"fleet/transport"
	"fleet/transport/transporttest"
)

func TestTheAgentKeepsTheContractOverALocalTransport(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: transport.Local{}}))
	transporttest.Run(t, c, transport.Target{Name: "here"}, transporttest.Options{NoSubsystem: true, NoTerminal: true})
}

func TestTheAgentKeepsTheContractOverThePool(t *testing.T) {
	_, addr := sshdtest.Start(t, sshd.Config{})
	p := pool.New(pool.Config{Linger: time.Minute, OpenAhead: true})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	c := dial(t, serve(t, Config{Transport: p}))
	transporttest.Run(t, c, transport.Target{
		Name: "host", Address: addr.IP.String(), Port: addr.Port, User: "user",
		HostKey: transport.HostKey{Policy: transport.HostKeyOff},
		Link:    transport.LinkOptions{ConnectTimeout: 30 * time.Second},
	}, transporttest.Options{})
}

//go:build !windows

package pool_test

import (
	"testing"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport/transporttest"
)

func TestPoolKeepsTheContractOnTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	_, target := serve(t, sshd.Config{})
	transporttest.Run(t, newPool(t, pool.Config{Linger: -1}), target, transporttest.Options{})
}

func TestPoolKeepsTheContractOnRealSSHD(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{})
	transporttest.Run(t, newPool(t, pool.Config{Linger: -1, OpenAhead: true}), target, transporttest.Options{SkipTerminal: !sshdHasTerminals(t)})
}

func TestPoolKeepsTheContractForAnOrdinaryUserOfRealSSHD(t *testing.T) {
	t.Parallel()
	_, target := startSSHD(t, opensshd.Options{NewUser: true})
	transporttest.Run(t, newPool(t, pool.Config{Linger: -1}), target, transporttest.Options{SkipTerminal: !sshdHasTerminals(t)})
}

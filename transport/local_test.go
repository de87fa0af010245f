//go:build !windows

package transport_test

import (
	"testing"

	"fleet/transport"
	"fleet/transport/transporttest"
)

func TestLocalKeepsTheContract(t *testing.T) {
	transporttest.Run(t, transport.Local{}, transport.Target{Name: "here"}, transporttest.Options{NoSubsystem: true, NoTerminal: true})
}

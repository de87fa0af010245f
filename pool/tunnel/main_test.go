package tunnel_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		os.Exit(helperMain())
	}
	goleak.VerifyTestMain(m)
}

// helperEnv makes the test binary hold a tunnel for a benchmark, so that it can be
// measured apart from its clients and servers.
const helperEnv = "FLEET_TUNNEL_TEST_HELPER"

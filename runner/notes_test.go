package runner

import (
	"testing"
	"time"
)

func TestTimesAreToldShortly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Second: "30s", time.Minute: "1m", time.Hour: "1h", 90 * time.Minute: "1h30m", 100 * time.Second: "1m40s", 500 * time.Millisecond: "500ms",
	} {
		if got := span(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

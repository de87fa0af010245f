package main

import (
	"testing"
	"time"

	"fleet/pool/transfer"
)

func TestProgressTellsBytesRateAndWhatIsLeft(t *testing.T) {
	start := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	const mb = 1_000_000
	p := &progress{hosts: 20}
	for _, step := range []struct {
		after time.Duration
		begun int
		at    transfer.Progress
		want  string
	}{
		{0, 0, transfer.Progress{}, ""},
		{0, 10, transfer.Progress{Files: 10, Bytes: 1000 * mb}, "0 B of about 2 GB"},
		{time.Second, 10, transfer.Progress{Files: 10, Bytes: 1000 * mb, BytesDone: 100 * mb}, "100 MB of about 2 GB, 100 MB/s, 19s left"},
		{10 * time.Second, 20, transfer.Progress{Files: 20, FilesDone: 10, Bytes: 2000 * mb, BytesDone: 1000 * mb}, "1 GB of 2 GB, 100 MB/s, 10s left"},
		{16 * time.Second, 20, transfer.Progress{Files: 20, FilesDone: 10, Bytes: 2000 * mb, BytesDone: 1000 * mb}, "1 GB of 2 GB, 0 B/s"},
		{17 * time.Second, 20, transfer.Progress{Files: 20, FilesDone: 20, Bytes: 2000 * mb, BytesDone: 2000 * mb}, "2 GB of 2 GB"},
	} {
		if got := p.tell(start.Add(step.after), step.at, step.begun); got != step.want {
			t.Errorf("after %s: got %q, want %q", step.after, got, step.want)
		}
	}
	many := &progress{hosts: 1}
	if got := many.tell(start, transfer.Progress{Files: 5000, FilesDone: 1200, Bytes: 12 * mb, BytesDone: 3 * mb}, 1); got != "1200 of 5000 files, 3 MB of 12 MB" {
		t.Errorf("of a folder: %q", got)
	}
}

package output

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
)

func TestLongLinesAreContinuedBehindAnotherPrefix(t *testing.T) {
	var total atomic.Int64
	l := lineBuffer{total: &total, cut: "\n"}
	piece := bytes.Repeat([]byte("x"), 300<<10)
	var got []byte
	for range 4 {
		got = l.append(got, []byte("a: "), piece)
	}
	got = l.append(got, []byte("a: "), []byte("end\nnext"))
	got = l.flush(got, []byte("a: "))
	want := "a: " + strings.Repeat("x", 1200<<10) + "\na: end\na: next\n"
	if string(got) != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
	if total.Load() != 0 {
		t.Errorf("%d bytes are still counted", total.Load())
	}
}

func TestUnfinishedLinesOfAllHostsAreBounded(t *testing.T) {
	var total atomic.Int64
	piece := bytes.Repeat([]byte("x"), 900<<10)
	printed := 0
	for range 100 {
		l := lineBuffer{total: &total, cut: "\n"}
		printed += len(l.append(nil, nil, piece))
	}
	if held := total.Load(); held > maxHeld || held+int64(printed) < 100*900<<10 {
		t.Errorf("held %d, printed %d", held, printed)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb"), 1, "h: ")
	f.Add([]byte("\n\n\n"), 2, "")
	f.Add([]byte("no end"), 3, "x")
	f.Fuzz(func(t *testing.T, in []byte, cut int, prefix string) {
		if strings.Contains(prefix, "\n") {
			return
		}
		var total atomic.Int64
		l := lineBuffer{total: &total, cut: "\n"}
		i := 0
		if len(in) > 0 {
			i = int(uint(cut) % uint(len(in)))
		}
		got := l.append(nil, []byte(prefix), in[:i])
		if len(got) > 0 && got[len(got)-1] != '\n' {
			t.Fatalf("printed an unfinished line: %q", got)
		}
		got = l.append(got, []byte(prefix), in[i:])
		got = l.flush(got, []byte(prefix))
		var want []byte
		for line := range bytes.Lines(in) {
			want = append(append(want, prefix...), line...)
		}
		if len(want) > 0 && want[len(want)-1] != '\n' {
			want = append(want, '\n')
		}
		if !bytes.Equal(got, want) || total.Load() != 0 {
			t.Fatalf("got %q, want %q; %d held", got, want, total.Load())
		}
	})
}

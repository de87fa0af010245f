package output

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"fleet/event"
)

// benchmark feeds a renderer 1 GB from 50 hosts per round: 20 MB each, in lines
// of 100 bytes and chunks of 32 KiB, eight hosts at a time. With distinct, no
// two hosts print the same.
func benchmark(b *testing.B, with func(Config) Renderer, distinct bool) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	const n, size, lines = 50, 20 << 20, 320
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("node%03d", i))
	}
	start, end := hosts(names...), runEnd(map[event.Outcome]int{event.OK: n})
	b.SetBytes(n * size)
	b.ReportAllocs()
	for b.Loop() {
		r := with(Config{Stdout: Dest{Writer: null}, TempDir: b.TempDir()})
		r.Emit(&start)
		var wg sync.WaitGroup
		work := make(chan string, n)
		for _, name := range names {
			work <- name
		}
		close(work)
		for range 8 {
			wg.Go(func() {
				for name := range work {
					text := strings.Repeat("x", 99) + "\n"
					if distinct {
						text = name + text[len(name):]
					}
					e := out(name, strings.Repeat(text, lines))
					for sent := 0; sent < size; sent += len(e.Data) {
						r.Emit(&e)
					}
					e = ok(name)
					r.Emit(&e)
				}
			})
		}
		wg.Wait()
		r.Emit(&end)
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStream(b *testing.B)          { benchmark(b, NewStream, false) }
func BenchmarkGatherIdentical(b *testing.B) { benchmark(b, NewGather, false) }
func BenchmarkGatherDistinct(b *testing.B)  { benchmark(b, NewGather, true) }
func BenchmarkJSON(b *testing.B)            { benchmark(b, NewJSON, false) }
func BenchmarkJSONL(b *testing.B)           { benchmark(b, NewJSONL, false) }

package output

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

func content(t *testing.T, s *store, p place) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.read(p, func(piece []byte) error { b.Write(piece); return nil }); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != p.length() {
		t.Errorf("length %d, read %d", p.length(), b.Len())
	}
	return b.String()
}

// hostText is made of a few words, so that hosts agree for a while, differ,
// and some are the beginning of others.
func hostText(rng *rand.Rand, n int) string {
	words := []string{"alpha\n", "alphabet\n", "beta\n", strings.Repeat("long ", 300) + "\n"}
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[rng.IntN(100)%len(words)*rng.IntN(2)])
	}
	return b.String()
}

func TestStoreGivesBackWhatWasWritten(t *testing.T) {
	for _, limit := range []int64{1, 3000, 200 << 10, 64 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(limit)))
			s := newStore(&room{limit: limit}, t.TempDir())
			defer func() {
				if err := s.spill.close(); err != nil {
					t.Error(err)
				}
			}()
			var root node
			texts := make([]string, 40)
			cursors := make([]cursor, len(texts))
			for i := range texts {
				switch {
				case i%3 == 0 && i > 0:
					texts[i] = texts[rng.IntN(i)]
				case i%3 == 1:
					from := texts[rng.IntN(i)]
					texts[i] = from[:rng.IntN(len(from)+1)] + hostText(rng, rng.IntN(3000))
				default:
					texts[i] = hostText(rng, rng.IntN(300_000))
				}
				cursors[i].node = &root
			}
			var wg sync.WaitGroup
			for i := range texts {
				seed := rng.Uint64()
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(2, seed))
					for p := []byte(texts[i]); len(p) > 0; {
						n := 1 + rng.IntN(min(len(p), 40_000))
						if err := s.write(&cursors[i], bytes.Clone(p[:n])); err != nil {
							t.Error(err)
						}
						p = p[n:]
					}
				})
			}
			wg.Wait()
			if s.ram > limit {
				t.Errorf("%d bytes in memory, limit %d", s.ram, limit)
			}
			s.seal()
			for i := range texts {
				if got := content(t, s, cursors[i].place()); got != texts[i] {
					t.Fatalf("host %d: %d bytes became %d", i, len(texts[i]), len(got))
				}
				for j := range i {
					if same := cursors[i].place() == cursors[j].place(); same != (texts[i] == texts[j]) {
						t.Errorf("hosts %d and %d: same place %v", i, j, same)
					}
				}
			}
		})
	}
}

func TestStoreKeepsIdenticalOutputOnce(t *testing.T) {
	s := newStore(&room{limit: 64 << 20}, t.TempDir())
	var root node
	text := []byte(hostText(rand.New(rand.NewPCG(3, 3)), 1<<20))
	for range 50 {
		c := cursor{node: &root}
		for i := 0; i < len(text); i += 32 << 10 {
			if err := s.write(&c, text[i:min(i+32<<10, len(text))]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.ram > 1<<20+2*blockSize {
		t.Errorf("%d bytes for 1 MiB fifty times", s.ram)
	}
}

func TestStoreThatCannotSpillSaysSoAndKeepsWhatItHas(t *testing.T) {
	s := newStore(&room{limit: 100 << 10}, "/nonexistent/folder")
	var root node
	c := cursor{node: &root}
	text := []byte(strings.Repeat("x", 80<<10))
	if err := s.write(&c, text[:40<<10]); err != nil {
		t.Fatal(err)
	}
	err := s.write(&c, text)
	if err == nil || !strings.Contains(err.Error(), "spill gathered output") || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got %v", err)
	}
	if err := s.write(&c, text); err != nil {
		t.Errorf("said twice: %v", err)
	}
	s.seal()
	if p := c.place(); !p.cut || len(content(t, s, p)) != 120<<10 {
		t.Errorf("cut %v, length %d", p.cut, p.length())
	}
}

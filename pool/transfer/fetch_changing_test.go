//go:build !windows

package transfer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fleet/transport"
)

func TestFetchOfAFileThatChangesMeanwhile(t *testing.T) {
	write := func(text string) func(*testing.T, string, int) {
		return func(t *testing.T, p string, _ int) { must(t, os.WriteFile(p, []byte(text), 0o640)) }
	}
	once := func(do func(*testing.T, string, int)) func(*testing.T, string, int) {
		return func(t *testing.T, p string, n int) {
			if n == 1 {
				do(t, p, n)
			}
		}
	}
	for _, tt := range []struct {
		name       string
		change     func(t *testing.T, p string, n int)
		want, note string
		err        string
	}{
		{"grows", func(t *testing.T, p string, n int) { write("hello"+strings.Repeat("!", n))(t, p, n) }, "hello", "first 5 bytes", ""},
		{"shrinks once", once(write("hi")), "hi", "", ""},
		{"other text once", once(write("HELLO")), "HELLO", "", ""},
		{"shrinks each time", func(t *testing.T, p string, n int) { write(strings.Repeat("x", 5-n))(t, p, n) }, "", "", "changed each of the 3 times"},
		{"goes", once(func(t *testing.T, p string, _ int) { must(t, os.Remove(p)) }), "", "", "no such file"},
		{"becomes a link", once(func(t *testing.T, p string, _ int) {
			must(t, os.Remove(p))
			must(t, os.Symlink("other", p))
		}), "", "", "is not a file any more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, b *bench) {
				lay(t, b.dir, map[string]string{"d/f": "hello", "d/other": "12345"})
				b.before = func(p string, n int) {
					if filepath.Base(p) == "f" {
						tt.change(t, p, n)
					}
				}
				// The host's sums are from another moment: the first, or all of them.
				b.early = b.sums([]string{"/d/other"})
				b.early["/d/f"] = Sum{}
				b.late = tt.err == ""
				rep, err := b.fetch(t, Item{"/d", "d"})
				want := map[string]string{"d/": "", "d/other": "12345"}
				if tt.err != "" {
					if err == nil || !strings.Contains(err.Error(), tt.err) {
						t.Errorf("got %v, want %q", err, tt.err)
					}
				} else {
					must(t, err)
					want["d/f"] = tt.want
				}
				wantFiles(t, b.into, want)
				if got := strings.Join(rep.Notes, "\n"); !strings.Contains(got, tt.note) || tt.note == "" && got != "" {
					t.Errorf("notes: %q, want %q", got, tt.note)
				}
			})
		})
	}
}

// What a file has beyond the size that the host told counts as well.
func TestFetchHoldsAllBytesToTheirBound(t *testing.T) {
	t.Run("no sizes", func(t *testing.T) {
		bothWays(t, func(t *testing.T, b *bench) {
			lay(t, b.dir, map[string]string{"d/a": "123456", "d/b": "123456", "d/c": "123456"})
			b.lies = func(i info) info {
				if i.kind == aFile {
					i.size = 0
				}
				return i
			}
			b.o.MaxBytes = 13
			_, err := b.fetch(t, Item{"/d", "d"})
			if err == nil || !strings.Contains(err.Error(), "more than 13 bytes") {
				t.Errorf("got %v", err)
			}
			if got := found(t, b.into); len(got) != 3 {
				t.Errorf("got %q, want two files", got)
			}
		})
	})
	t.Run("all grow", func(t *testing.T) {
		bothWays(t, func(t *testing.T, b *bench) {
			lay(t, b.dir, map[string]string{"d/a": "1", "d/b": "1", "d/c": "1"})
			b.early, b.late = map[string]Sum{}, true
			b.before = func(p string, n int) {
				must(t, os.WriteFile(p, []byte(strings.Repeat(strconv.Itoa(min(n, 2)), 6)), 0o640))
			}
			b.o.MaxBytes = 13
			_, err := b.fetch(t, Item{"/d", "d"})
			if err == nil || !strings.Contains(err.Error(), "more than 13 bytes") {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestFetchGoesOnAfterALostLink(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench) {
		lay(t, b.dir, map[string]string{"d/a": strings.Repeat("a", 1000), "d/b": strings.Repeat("b", 1000), "d/c": "c"})
		b.lost = func(p string, _ int) error {
			if b.reopened == 0 && p != "/d/c" {
				return &transport.Error{Op: "read", Kind: transport.KindLost, Err: errors.New("cut")}
			}
			return nil
		}
		var m Meter
		b.o.Meter = &m
		rep, err := b.fetch(t, Item{"/d", "d"})
		must(t, err)
		wantFiles(t, b.into, map[string]string{"d/": "", "d/a": strings.Repeat("a", 1000), "d/b": strings.Repeat("b", 1000), "d/c": "c"})
		if b.reopened != 1 || rep.Bytes != 2001 {
			t.Errorf("opened anew %d times, %d bytes traveled", b.reopened, rep.Bytes)
		}
		if got := (Progress{3, 3, 2001, 2001}); m.Progress() != got {
			t.Errorf("the meter says %+v", m.Progress())
		}
	})
}

func TestFetchEndsAtASecondLostLinkAndLeavesNothing(t *testing.T) {
	b := newBench(t)
	lay(t, b.dir, map[string]string{"d/a": "aaaa", "d/b": "bbbb"})
	b.lost = func(string, int) error {
		return &transport.Error{Op: "read", Kind: transport.KindLost, Err: errors.New("cut")}
	}
	_, err := b.fetch(t, Item{"/d", "d"})
	if !unreachable(err) || b.reopened != 1 {
		t.Errorf("got %v after opening anew %d times", err, b.reopened)
	}
	wantFiles(t, b.into, map[string]string{"d/": ""})
}

func TestFetchThatIsStoppedLeavesNothing(t *testing.T) {
	b := newBench(t)
	lay(t, b.dir, map[string]string{"d/a": "aaaa", "d/b": "bbbb"})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	b.before = func(string, int) { cancel(why) }
	b.o.Limit = NewLimiter(1)
	_, err := b.fetchUntil(ctx, t, Item{"/d", "d"})
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	wantFiles(t, b.into, map[string]string{"d/": ""})
}

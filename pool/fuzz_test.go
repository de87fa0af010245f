package pool

import (
	"bytes"
	"testing"
)

// Whatever a server says, in whatever pieces: the output after the announcement
// arrives whole, and nothing before it.
func FuzzOpener(f *testing.F) {
	f.Add([]byte("welcome\n"), []byte("output\n"), 3)
	f.Add([]byte("NONCE run x y\n"), []byte(""), 1)
	f.Add([]byte("NONCE run 1"), []byte("NONCE run 2 2\n"), 100)
	f.Add([]byte("\x00\xffNONC"), []byte("\n\n"), 7)
	f.Fuzz(func(t *testing.T, before, after []byte, piece int) {
		if bytes.Contains(before, []byte("NONCE")) {
			before = append(before, '\n') // else it hides the announcement
		}
		var out bytes.Buffer
		runs := 0
		o := &opener{out: &out, nonce: []byte("NONCE"), send: func() {}, run: func(group, guard int, _ string) {
			if runs++; group == 12 && guard == 13 {
				return
			}
			runs = 100
		}}
		said := append(append(append([]byte{}, before...), "NONCE run 12 13\n"...), after...)
		piece = max(1, piece%4096)
		for len(said) > 0 {
			n := min(piece, len(said))
			if got, err := o.Write(said[:n]); got != n || err != nil {
				t.Fatal(got, err)
			}
			said = said[n:]
		}
		if bytes.Contains(before, []byte("NONCE run")) {
			return // a forged announcement, which needs the nonce
		}
		if !o.opened || runs != 1 || !bytes.Equal(out.Bytes(), after) {
			t.Errorf("opened %t, %d runs, got %q, want %q", o.opened, runs, out.Bytes(), after)
		}
	})
}

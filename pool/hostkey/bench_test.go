package hostkey

import (
	"fmt"
	"testing"
)

// benchFile is a file of many hosts, names plain or hashed.
func benchFile(b *testing.B, lines int, hash bool) (path string) {
	key := text(ed25519Key(b))
	all := make([]string, lines)
	for i := range all {
		name := fmt.Sprintf("host%d.example.com", i)
		if hash {
			name = hashed(b, name)
		}
		all[i] = name + " " + key
	}
	return write(b, all...)
}

// BenchmarkLoad reads and indexes a file.
func BenchmarkLoad(b *testing.B) {
	for _, hash := range []bool{false, true} {
		b.Run(fmt.Sprintf("lines=3000/hashed=%v", hash), func(b *testing.B) {
			path := benchFile(b, 3000, hash)
			b.ReportAllocs()
			for b.Loop() {
				var s Store
				s.file(path).current()
			}
		})
	}
}

// BenchmarkHost is what one host costs after that, seen for the first time.
func BenchmarkHost(b *testing.B) {
	key := ed25519Key(b)
	for _, hash := range []bool{false, true} {
		b.Run(fmt.Sprintf("lines=3000/hashed=%v", hash), func(b *testing.B) {
			hk := files(benchFile(b, 3000, hash))
			var s Store
			s.Lookup(hk, "a:22").Algorithms(nil, false)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				k := s.Lookup(hk, fmt.Sprintf("host%d.example.com:22", i))
				k.Algorithms(nil, false)
				_, _ = k.Verify(key)
			}
		})
	}
}

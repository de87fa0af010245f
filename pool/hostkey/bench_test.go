package hostkey

import (
	"fmt"
	"testing"

	"golang.org/x/crypto/ssh"
)

// benchKeys are the keys of as many hosts: two types of them where mixed.
func benchKeys(b *testing.B, n int, mixed bool) []ssh.PublicKey {
	keys := make([]ssh.PublicKey, n)
	for i := range keys {
		if mixed && i%2 == 1 {
			keys[i] = ecdsaKey(b)
		} else {
			keys[i] = ed25519Key(b)
		}
	}
	return keys
}

// benchFile is a file of these hosts, names plain or hashed.
func benchFile(b *testing.B, keys []ssh.PublicKey, hash bool) (path string) {
	all := make([]string, len(keys))
	for i, key := range keys {
		name := fmt.Sprintf("host%d.example.com", i)
		if hash {
			name = hashed(b, name)
		}
		all[i] = name + " " + text(key)
	}
	return write(b, all...)
}

// BenchmarkLoad reads and indexes a file.
func BenchmarkLoad(b *testing.B) {
	for _, hash := range []bool{false, true} {
		b.Run(fmt.Sprintf("lines=3000/hashed=%v", hash), func(b *testing.B) {
			path := benchFile(b, benchKeys(b, 3000, false), hash)
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
	for _, bb := range []struct{ hash, mixed bool }{{false, false}, {true, false}, {true, true}} {
		b.Run(fmt.Sprintf("lines=3000/hashed=%v/mixed=%v", bb.hash, bb.mixed), func(b *testing.B) {
			keys := benchKeys(b, 3000, bb.mixed)
			hk := files(benchFile(b, keys, bb.hash))
			var s Store
			s.Lookup(hk, "a:22").Algorithms(nil, false)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				h := i % len(keys)
				k := s.Lookup(hk, fmt.Sprintf("host%d.example.com:22", h))
				k.Algorithms(nil, false)
				if _, err := k.Verify(keys[h]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

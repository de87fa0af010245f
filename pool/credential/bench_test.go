package credential

import (
	"testing"

	"fleet/transport"
)

// BenchmarkLogin is what preparing one login costs, when keys are loaded.
func BenchmarkLogin(b *testing.B) {
	s := newStore(b, nil)
	tg := target(transport.Login{Identities: []string{
		keyFile(b, newRSA(b)), keyFile(b, newECDSA(b)), keyFile(b, newEd25519(b)), b.TempDir() + "/missing",
	}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Login(b.Context(), tg); err != nil {
			b.Fatal(err)
		}
	}
}

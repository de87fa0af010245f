package redact

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkStream measures output as logs have it, with and without a secret in it.
func BenchmarkStream(b *testing.B) {
	line := "Nov 23 08:07:02 web-17 app[4242]: GET /api/v1/orders/1234567 200 in 13 ms, user=anna session=6f1e2d\n"
	text := []byte(strings.Repeat(line, 320))
	full := []byte(strings.Repeat(line+"token correct-horse-battery\n", 300))
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("secret %d of many", i*i)
	}
	for _, c := range []struct {
		name string
		r    *Redactor
		data []byte
	}{
		{"none", nil, text},
		{"one", New("correct-horse-battery"), text},
		{"short", New("pa55"), text},
		{"found", New("correct-horse-battery"), full},
		{"1000", New(many...), text},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := c.r.Stream()
			b.SetBytes(int64(len(c.data)))
			for b.Loop() {
				s.Write(c.data)
			}
		})
	}
}

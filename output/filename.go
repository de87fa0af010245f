package output

import (
	"fmt"
	"hash/fnv"
)

// maxFileName is what file systems commonly allow, in bytes.
const maxFileName = 255

// fileName is the name of the file of a host: the host's own name where that is
// plain, with every other byte as %XX. Two hosts never share one, and none is a
// path, hidden, or looks like an option.
func fileName(host string) string {
	b := make([]byte, 0, len(host))
	for i := range len(host) {
		c := host[i]
		if plainInName(c) && (i > 0 || c != '.' && c != '-') {
			b = append(b, c)
		} else {
			b = fmt.Appendf(b, "%%%02X", c)
		}
	}
	switch {
	case len(b) == 0:
		return "%"
	case len(b) > maxFileName:
		sum := fnv.New128a()
		sum.Write([]byte(host))
		return fmt.Sprintf("%s%%~%x", b[:200], sum.Sum(nil))
	}
	return string(b)
}

func plainInName(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	default:
		return c == '.' || c == '-' || c == '_' || c == '@' || c == '+' || c == ','
	}
}

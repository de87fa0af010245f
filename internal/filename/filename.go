package filename

import (
	"fmt"
	"hash/fnv"
)

const (
	// maxName is what file systems commonly allow, in bytes.
	maxName = 255
	// kept is how much of a longer name stays.
	kept = 200
)

// Of is the name of the file of what is called name. It ends in ext, which is
// plain and short, such as ".log", or empty.
func Of(name, ext string) string {
	b := make([]byte, 0, len(name)+len(ext))
	for i := range len(name) {
		c := name[i]
		if plain(c) && (i > 0 || c != '.' && c != '-') {
			b = append(b, c)
		} else {
			b = fmt.Appendf(b, "%%%02X", c)
		}
	}
	switch {
	case len(b) == 0:
		b = append(b, '%')
	case len(b)+len(ext) > maxName:
		sum := fnv.New128a()
		sum.Write([]byte(name))
		b = fmt.Appendf(b[:kept], "%%~%x", sum.Sum(nil))
	}
	return string(append(b, ext...))
}

func plain(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	default:
		return c == '.' || c == '-' || c == '_' || c == '@' || c == '+' || c == ','
	}
}

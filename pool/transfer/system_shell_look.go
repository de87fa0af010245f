package transfer

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// attrsFunction prints one line about each of its arguments, in the words of $k: a
// stat of GNU, busybox and others, that of the BSDs, or ls.
const attrsFunction = `
attrs() {
	case $k in
	gnu) stat $f -c '%f %s %Y %u %g' "$@" ;;
	bsd) stat $f -f '%p %z %m %u %g' "$@" ;;
	*) l=$(ls -ldn $f "$1") && (set -f; set -- "$1" $l
		printf '%s %s %s %s %s\n' "$2" "$6" "$(date -r "$1" +%s 2>/dev/null || echo 0)" "$4" "$5") ;;
	esac
}
`

// lookScript prints the line about $3, and where it leads.
const lookScript = attrsFunction + `
k=$1 f=$2
attrs "$3" || exit
if [ -z "$f" ] && [ -L "$3" ]; then readlink "$3"; fi
`

func (s *shellSystem) lstat(ctx context.Context, path string) (info, error) {
	return s.look(ctx, path, "")
}

func (s *shellSystem) stat(ctx context.Context, path string) (info, error) {
	return s.look(ctx, path, "-L")
}

func (s *shellSystem) look(ctx context.Context, path, follow string) (info, error) {
	out, err := s.ask(ctx, lookScript, s.remote.facts.stat, follow, operand(path))
	if err != nil {
		return info{}, failed("look at", path, err)
	}
	line, link, _ := strings.Cut(out, "\n")
	i, err := parseAttrs(s.remote.facts.stat, line)
	if err != nil {
		return info{}, failed("look at", path, err)
	}
	i.path = path
	if i.kind == aLink {
		i.link = strings.TrimSuffix(link, "\n")
	}
	return i, nil
}

// parseAttrs reads a line of attrsFunction.
func parseAttrs(tool, line string) (info, error) {
	words := strings.Fields(line)
	if len(words) != 5 {
		return info{}, fmt.Errorf("the host describes it as %q, which cannot be understood", line)
	}
	var i info
	var bad error
	number := func(word string, base int) int64 {
		n, err := strconv.ParseInt(word, base, 64)
		if err != nil || n < 0 && word != words[2] {
			bad = fmt.Errorf("the host describes it as %q, which cannot be understood", line)
		}
		return n
	}
	switch tool {
	case "gnu":
		i.kind, i.mode = unixMode(uint32(number(words[0], 16)))
	case "bsd":
		i.kind, i.mode = unixMode(uint32(number(words[0], 8)))
	default:
		m, err := modeOfLine(words[0])
		if err != nil {
			return info{}, err
		}
		i.kind, i.mode = unixMode(m)
	}
	if i.kind == 0 {
		return info{}, fmt.Errorf("the host describes it as %q, which cannot be understood", line)
	}
	if i.kind != aSpecial { // ls has the numbers of a device there
		i.size = number(words[1], 10)
	}
	i.mtime = time.Unix(number(words[2], 10), 0)
	i.uid, i.gid = int(number(words[3], 10)), int(number(words[4], 10))
	return i, bad
}

// modeOfLine reads the first word of a line of ls -l, such as "drwxr-sr-x+".
func modeOfLine(word string) (uint32, error) {
	if len(word) < 10 {
		return 0, fmt.Errorf("the host describes its mode as %q, which cannot be understood", word)
	}
	types := map[byte]uint32{'-': unixFile, 'd': unixFolder, 'l': unixLink}
	m, ok := types[word[0]]
	if !ok {
		m = 0o010000 // of some other kind
	}
	special := [3]uint32{unixSetuid, unixSetgid, unixSticky}
	for i := range 9 {
		c, bit := word[1+i], uint32(1)<<(8-i)
		switch {
		case c == 'r' && i%3 == 0, c == 'w' && i%3 == 1, c == 'x' && i%3 == 2:
			m |= bit
		case i%3 == 2 && (c == 's' || c == 't'):
			m |= bit | special[i/3]
		case i%3 == 2 && (c == 'S' || c == 'T'):
			m |= special[i/3]
		case c != '-':
			return 0, fmt.Errorf("the host describes its mode as %q, which cannot be understood", word)
		}
	}
	return m, nil
}

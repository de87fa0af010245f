package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"fleet/transport"
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

// walkScript has find hand names to describeScript, many at a time. find reads each
// folder before what is in it.
const walkScript = `
if ! [ -e "$1" ]; then echo "No such file or directory" >&2; exit 1; fi
if ! [ -d "$1" ]; then echo "Not a directory" >&2; exit 1; fi
cd "$1" 2>/dev/null || { echo "Permission denied" >&2; exit 1; }
exec find . ! -name . -exec /bin/sh -c "$2" sh "$3" {} +
`

// describeScript prints how many names there are, a line about each, "-" for what has
// gone meanwhile, and then each name and where it leads, with NUL after both.
const describeScript = attrsFunction + `
k=$1 f=
shift
case $k in
gnu | bsd) s=$(attrs "$@" 2>/dev/null) ;;
*) false ;;
esac || s=$(for p; do attrs "$p" 2>/dev/null || echo -; done)
printf '%s\n' "$#" "$s"
for p; do
	if [ -L "$p" ]; then l=$(readlink "$p"; echo .); printf '%s\0%s\0' "$p" "${l%??}"
	else printf '%s\0\0' "$p"
	fi
done
`

func (s *shellSystem) walk(ctx context.Context, root string, visit func(info) error) error {
	visit = counted(entriesMax, visit)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { // ends with the command, which ends at the latest when in is closed
		err := s.run(ctx, &transport.Command{
			Script: walkScript, Args: []string{operand(root), describeScript, s.remote.facts.stat}, Stdout: out,
		})
		ended <- err
		_ = out.CloseWithError(io.EOF)
	}()
	err := s.listing(bufio.NewReader(in), visit)
	if err != nil {
		cancel() // the command is of no use any more
	}
	_ = in.Close()
	if rerr := <-ended; err == nil && rerr != nil {
		return failed("read folder", root, rerr)
	}
	return err
}

// namesMax bounds how many names find hands on at one time, and lineMax a line about
// one.
const (
	namesMax = 1 << 20
	lineMax  = 1 << 10
)

// listing reads what describeScript prints.
func (s *shellSystem) listing(in *bufio.Reader, visit func(info) error) error {
	skip := "\x00" // what begins like this is in a folder that is not entered
	for {
		count, err := until(in, '\n', lineMax)
		if errors.Is(err, io.EOF) && count == "" {
			return nil
		}
		n, nerr := strconv.Atoi(count)
		if err != nil || nerr != nil || n < 0 || n > namesMax {
			return fmt.Errorf("the host's answer cannot be understood: %q is not a number of names", count)
		}
		lines := make([]string, n)
		for i := range lines {
			if lines[i], err = until(in, '\n', lineMax); err != nil {
				return err
			}
		}
		for _, line := range lines {
			i, err := s.entry(in, line)
			if err != nil {
				return err
			}
			if i.kind == 0 || strings.HasPrefix(i.path, skip) {
				continue
			}
			err = visit(i)
			if errors.Is(err, fs.SkipDir) && i.kind == aFolder {
				skip, err = i.path+"/", nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// entry reads the name and the link that belong to line. The kind is 0 where it has
// gone.
func (s *shellSystem) entry(in *bufio.Reader, line string) (info, error) {
	name, err := until(in, 0, pathMax)
	if err != nil {
		return info{}, err
	}
	link, err := until(in, 0, pathMax)
	if err != nil || line == "-" {
		return info{}, err
	}
	name, ok := strings.CutPrefix(name, "./")
	if !ok || path.Clean(name) != name || path.IsAbs(name) {
		return info{}, checkName("./" + name)
	}
	if base := path.Base(name); name == ".." || strings.HasPrefix(name, "../") || checkName(base) != nil {
		return info{}, checkName("../" + base)
	}
	i, err := parseAttrs(s.remote.facts.stat, line)
	i.path = name
	if i.kind == aLink {
		i.link = link
	}
	return i, err
}

// until reads up to end, of which it takes at most limit bytes.
func until(in *bufio.Reader, end byte, limit int) (string, error) {
	var b []byte
	for {
		part, err := in.ReadSlice(end)
		b = append(b, part...)
		switch {
		case len(b) > limit:
			return "", errors.New("the host's answer cannot be understood: a name in it has no end")
		case err == nil:
			return string(b[:len(b)-1]), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			if len(b) > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return string(b), err
		}
	}
}

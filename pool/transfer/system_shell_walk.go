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

	"fleet/transport"
)

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
	visit = counted(entriesMax, bytesMax, visit)
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

// namesMax bounds how many names find hands on at one time, lineMax a line about one,
// and linesBytes all of those lines: no system gives a command more than a few MiB of
// names.
const (
	namesMax   = 1 << 20
	lineMax    = 1 << 10
	linesBytes = 64 << 20
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
		lines, err := linesAbout(in, n)
		if err != nil {
			return err
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

// linesAbout reads the lines about n names.
func linesAbout(in *bufio.Reader, n int) ([]string, error) {
	var lines []string
	size := 0
	for range n {
		line, err := until(in, '\n', lineMax)
		if err != nil {
			return nil, err
		}
		if size += len(line); size > linesBytes {
			return nil, fmt.Errorf("the host's answer cannot be understood: it has more than %d MiB without a name", linesBytes>>20)
		}
		lines = append(lines, line)
	}
	return lines, nil
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

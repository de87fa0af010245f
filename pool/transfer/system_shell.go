package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"fleet/transport"
)

// A shellSystem is the files of a host by commands, each of which is one script of
// fleet's own. Names are arguments, which hold all bytes but NUL, also where there are
// thousands.
type shellSystem struct{ remote *Remote }

var _ system = (*shellSystem)(nil)

// Bounds of one command.
const (
	// argsMax is how many bytes of names go with one command: what the systems take
	// that take the least, but for half.
	argsMax = 128 << 10
	// commandsMax is how many commands for one transfer run at one time.
	commandsMax = 3
	// outMax bounds the answer to a question about one file: two paths.
	outMax = 64 << 10
)

// ask runs a script and returns what it printed. Where it failed, what it said on
// stderr is the error.
func (s *shellSystem) ask(ctx context.Context, script string, args ...string) (string, error) {
	out := &bounded{max: outMax}
	err := s.run(ctx, &transport.Command{Script: script, Args: args, Stdout: out})
	return out.String(), err
}

func (s *shellSystem) run(ctx context.Context, c *transport.Command) error {
	status, said, err := s.remote.command(ctx, c)
	if err != nil || status.OK() {
		return err
	}
	return said2error(said, status)
}

// said2error is the error that a tool told of.
func said2error(said string, status transport.Status) error {
	if known := knownText(said); known != nil {
		return known
	}
	if said == "" {
		return fmt.Errorf("the command on the host ended with status %d", status.Code)
	}
	line, _, _ := strings.Cut(said, "\n")
	return fmt.Errorf("the host says %q", line)
}

// operand is path as an argument of a tool: never an option.
func operand(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return "./" + path
}

// batches calls do with pieces of items that fit into one command, several at a time.
func batches[T any](ctx context.Context, items []T, size func(T) int, do func(context.Context, []T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(commandsMax)
	for len(items) > 0 && ctx.Err() == nil {
		n, bytes := 0, 0
		for n < len(items) && (n == 0 || bytes < argsMax) {
			bytes += size(items[n]) + 4
			n++
		}
		some := items[:n]
		items = items[n:]
		g.Go(func() error { return do(ctx, some) })
	}
	return g.Wait()
}

const createScript = `
set -C
umask 077
if [ -e "$1" ] || [ -L "$1" ]; then echo "File exists" >&2; exit 1; fi
: >"$1"
`

func (s *shellSystem) create(ctx context.Context, path string) error {
	_, err := s.ask(ctx, createScript, operand(path))
	return wrap("create", path, err)
}

// wrap is failed for an error that may be nil.
func wrap(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return failed(op, path, err)
}

// flushScript is of the tool that other hosts give no names, or none at all. With "all"
// it puts on disk whatever is in the file systems of its arguments.
const flushScript = `
m=$1
shift
[ "$m" = all ] && sync -f "$@" 2>/dev/null || [ "$m" = each ] && sync "$@" 2>/dev/null || sync
`

func (s *shellSystem) flush(ctx context.Context, paths []string) error {
	files, folders := withFolders(paths)
	if len(files) > manyFiles {
		return s.remote.flushAll(ctx, folders)
	}
	return s.sync(ctx, "each", append(append([]string(nil), files...), folders...))
}

func (r *Remote) flushAll(ctx context.Context, folders []string) error {
	return (&shellSystem{r}).sync(ctx, "all", folders)
}

func (s *shellSystem) sync(ctx context.Context, mode string, paths []string) error {
	return batches(ctx, paths, func(p string) int { return len(p) }, func(ctx context.Context, some []string) error {
		args := []string{mode}
		for _, p := range some {
			args = append(args, operand(p))
		}
		_, err := s.ask(ctx, flushScript, args...)
		return wrap("flush", some[0], err)
	})
}

// readScript prints $3 bytes from byte $2 on.
const readScript = `
if [ "$2" = 0 ]; then head -c "$3" <"$1"
else tail -c "+$(($2 + 1))" <"$1" | head -c "$3"
fi
`

func (s *shellSystem) read(ctx context.Context, path string, from, size int64, w writerAt) (int64, error) {
	out := &sequence{to: w, next: from, end: from + size}
	err := s.run(ctx, &transport.Command{
		Script: readScript, Args: []string{operand(path), fmt.Sprint(from), fmt.Sprint(size)}, Stdout: out,
	})
	if out.err != nil {
		err = out.err
	}
	return out.next - from, wrap("read", path, err)
}

// A sequence writes what comes one after the other, up to end.
type sequence struct {
	to        writerAt
	next, end int64
	err       error
}

func (s *sequence) Write(p []byte) (int, error) {
	if int64(len(p)) > s.end-s.next {
		s.err = errors.New("the host sends more than it was asked for")
		return 0, s.err
	}
	n, err := s.to.WriteAt(p, s.next)
	s.next += int64(n)
	s.err = err
	return n, err
}

// writeScript writes its input from byte $2 on, and prints how large the file is then.
const writeScript = `
if [ -d "$1" ]; then echo "Is a directory" >&2; exit 1; fi
if ! [ -f "$1" ]; then echo "No such file or directory" >&2; exit 1; fi
if [ "$2" = 0 ]; then cat >"$1"
else dd if=/dev/null of="$1" bs=1 seek="$2" 2>/dev/null && cat >>"$1"
fi && wc -c <"$1"
`

func (s *shellSystem) write(ctx context.Context, path string, from pieces) error {
	in, err := newInput(ctx, from)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out := &bounded{max: 64}
	err = s.run(ctx, &transport.Command{
		Script: writeScript, Args: []string{operand(path), fmt.Sprint(in.begin)}, Stdin: in, Stdout: out,
	})
	switch {
	case err == nil && in.failure() != nil:
		return in.failure()
	case err != nil:
		return wrap("write", path, err)
	}
	if size := strings.TrimSpace(out.String()); size != fmt.Sprint(in.reached()) {
		return failed("write", path, fmt.Errorf("the host has %s bytes of it where %d were sent: %w", size, in.reached(), io.ErrShortWrite))
	}
	return nil
}

// close has nothing to do: no command outlives its method.
func (s *shellSystem) close() error { return nil }

// ownerScript prints the number of the user or group $2.
const ownerScript = `
if [ "$1" = user ]; then id -u "$2" 2>/dev/null && exit
	f=passwd d=Users/$2 k=UniqueID
else f=group d=Groups/$2 k=PrimaryGroupID
fi
n=$2
l=$(getent "$f" "$n" 2>/dev/null) || l=$(grep "^$n:" "/etc/$f" 2>/dev/null) ||
	l=x:x:$(dscl . -read "/$d" "$k" 2>/dev/null | sed -n 's/^[A-Za-z]*: //p')
IFS=:
set -f
set -- $l
[ -n "$3" ] && echo "$3"
`

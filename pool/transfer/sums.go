package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"sync"

	"fleet/transport"
)

// sumScript prints the SHA-256 of each of its arguments but the first four, with
// whatever the tool $1 adds behind it, or "-" for what is no file that can be read.
// It asks the tool once, unless there are names that would take two lines ($2), or
// something goes wrong with one: then "!" says that what came before does not count.
// Where some are no files, it says only which are, "+": to take those out here, or to
// ask one by one, would take longer than to be asked again. For large files, or many,
// openssl ($3) is worth its start: it uses the processor's own SHA-256, which takes an
// eighth of the time. Names are relative to the folder $4, if any; "?" says that it is not there.
const sumScript = `
k=$1 m=$2 f=$3
[ -z "$4" ] || cd "$4" 2>/dev/null || { echo "?"; exit; }
shift 4
sum() {
	case $k in
	sha256sum) sha256sum "$@" ;;
	shasum) shasum -a 256 "$@" ;;
	sha256) sha256 -q "$@" ;;
	openssl) openssl dgst -sha256 -r "$@" ;;
	digest) digest -a sha256 "$@" ;;
	esac 2>/dev/null
}
if [ "$m" = all ]; then
	for p; do [ -f "$p" ] && [ -r "$p" ] || m=some; done
fi
if [ "$m" = some ]; then
	for p; do if [ -f "$p" ] && [ -r "$p" ]; then echo +; else echo -; fi; done
	exit
fi
if [ "$m$f" = allfast ] && { [ $# -ge 500 ] || [ -n "$(find "$@" -prune -size +2048 2>/dev/null | head -n 1)" ]; }; then
	(k=openssl; sum "$@") && exit
	printf '\n!\n'
fi
if [ "$m" = all ]; then
	sum "$@" && exit
	printf '\n!\n'
fi
for p; do
	if [ -f "$p" ] && s=$(sum <"$p"); then printf '%s\n' "$s"; else echo -; fi
done
`

// What sumScript says that is no line about a file.
const (
	sumAgain   = "\n!\n"
	sumNowhere = "?\n"
)

// sums takes the SHA-256 of files on the host, which does that itself where it can.
// What is not there, or cannot be read, is not in the result.
func (r *Remote) sums(ctx context.Context, paths []string) (map[string]Sum, error) {
	return r.sumsIn(ctx, "", paths)
}

// sumsIn is sums for paths that are relative to a folder, which may be missing. The
// shorter they are, the fewer commands it takes.
func (r *Remote) sumsIn(ctx context.Context, folder string, paths []string) (map[string]Sum, error) {
	if !r.commands || r.facts.sum == "" {
		return r.readSums(ctx, folder, paths)
	}
	var plain, odd []string
	for _, p := range paths {
		if r.facts.sum == "digest" || strings.Contains(p, "\n") {
			odd = append(odd, p)
		} else {
			plain = append(plain, p)
		}
	}
	found := make(map[string]Sum, len(paths))
	var mu sync.Mutex // guards found
	for mode, some := range map[string][]string{"all": plain, "each": odd} {
		err := batches(ctx, some, func(p string) int { return len(p) }, func(ctx context.Context, some []string) error {
			sums, err := r.askSums(ctx, mode, folder, some)
			if err != nil {
				return failed("take the SHA-256 of", some[0], err)
			}
			mu.Lock()
			defer mu.Unlock()
			for p, sum := range sums {
				found[p] = sum
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// askSums has one command take the sums of paths.
func (r *Remote) askSums(ctx context.Context, mode, folder string, paths []string) (map[string]Sum, error) {
	args := []string{r.facts.sum, mode, "", ""}
	if folder != "" {
		args[3] = operand(folder)
	}
	if r.facts.fast {
		args[2] = "fast"
	}
	size := 0
	for _, p := range paths {
		args = append(args, operand(p))
		size += 3 * (2*len(p) + 200) // as often as the script begins
	}
	out := &bounded{max: size}
	status, said, err := r.command(ctx, &transport.Command{Script: sumScript, Args: args, Stdout: out})
	if err != nil {
		return nil, err
	}
	text := out.String()
	if text == sumNowhere {
		return nil, nil
	}
	if at := strings.LastIndex(text, sumAgain); at >= 0 {
		text = text[at+len(sumAgain):]
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !status.OK() || len(lines) != len(paths) {
		return nil, fmt.Errorf("%s on the host told of %d files in place of %d%s", r.facts.sum, len(lines), len(paths), after(said))
	}
	found := make(map[string]Sum, len(paths))
	var again []string // fewer than paths
	for i, line := range lines {
		switch line {
		case "-":
			continue
		case "+":
			again = append(again, paths[i])
			continue
		}
		// GNU's tools put a backslash before a line whose name they have escaped.
		line = strings.TrimPrefix(line, "\\")
		var sum Sum
		if len(line) < 2*len(sum) {
			return nil, fmt.Errorf("%s on the host answers %q", r.facts.sum, line)
		}
		if _, err := hex.Decode(sum[:], []byte(line[:2*len(sum)])); err != nil {
			return nil, fmt.Errorf("%s on the host answers %q", r.facts.sum, line)
		}
		found[paths[i]] = sum
	}
	if len(again) == 0 || len(again) == len(paths) {
		return found, nil
	}
	rest, err := r.askSums(ctx, mode, folder, again)
	maps.Copy(found, rest)
	return found, err
}

// readSums reads files back.
func (r *Remote) readSums(ctx context.Context, folder string, paths []string) (map[string]Sum, error) {
	found := make(map[string]Sum, len(paths))
	var mu sync.Mutex // guards found
	err := each(ctx, paths, func(ctx context.Context, p string) error {
		at := p
		if folder != "" {
			at = under(folder, p)
		}
		i, err := r.sys.stat(ctx, at)
		if err == nil && i.kind != aFile {
			return nil
		}
		h := newSorter(sha256.New())
		if err == nil {
			_, err = r.sys.read(ctx, at, 0, i.size, h)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, errNotDir), errors.Is(err, errLoop):
			return nil
		case err != nil:
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		found[p] = Sum(h.to.Sum(nil))
		return nil
	})
	return found, err
}

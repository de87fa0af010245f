package transfer

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// settleScript puts what is in the current folder on disk, and meanwhile has the tool $2
// tell the SHA-256 of all files in it. find gives it as many names at a time as fit: that no
// name has to travel there, and no shell goes through them, is most of the gain. That the
// tool fails is seen by the sums that are not there.
const settleScript = `
{ sync -f . 2>/dev/null || sync; } &
case $2 in
sha256sum) find . -type f -exec sha256sum {} + ;;
shasum) find . -type f -exec shasum -a 256 {} + ;;
openssl) find . -type f -exec openssl dgst -sha256 -r {} + ;;
esac 2>/dev/null
wait $!
`

// Many files, or a large one, are worth the start of openssl; see sumScript.
const (
	fastFiles = 500
	fastSize  = 1 << 20
)

// settleTool is the tool for settleScript; empty where the host has none.
func (s *syncing) settleTool(loads []load) string {
	large := func(l load) bool { return l.kind == aFile && l.size > fastSize }
	if s.r.facts.fast && (len(loads) >= fastFiles || slices.ContainsFunc(loads, large)) {
		return "openssl"
	}
	return s.r.facts.sum
}

// settle puts all of the stage on disk, and takes the sums of the files in it, which are
// paths. It is one command where it can be: thousands of files one by one would take long.
func (s *syncing) settle(ctx context.Context, loads []load, paths []string) (map[string]Sum, error) {
	if !s.r.commands {
		var sums map[string]Sum
		both, work := errgroup.WithContext(ctx)
		both.Go(func() error { return s.r.sys.flush(work, paths) })
		both.Go(func() (err error) {
			sums, err = s.r.sums(work, paths)
			return err
		})
		return sums, both.Wait()
	}
	if s.onDisk == nil {
		out := s.roomForSums(paths)
		status, said, err := s.r.run(ctx, `cd "$1" || exit`+settleScript, []string{s.stage, s.settleTool(loads)}, nil, out)
		if err == nil && !status.OK() {
			err = errors.New("put files on disk: " + said)
		}
		if err != nil {
			return nil, err
		}
		s.onDisk = toldSums(out.String(), s.stage)
	}
	return s.completed(ctx, paths)
}

// roomForSums takes what settleScript prints about paths.
func (s *syncing) roomForSums(paths []string) *bounded {
	out := &bounded{}
	for _, p := range paths {
		out.max += 100 + 2*len(p) // some characters become two
	}
	return out
}

// toldSums reads what settleScript prints: a sum, a space, a space or "*", and a name. What cannot be read is
// left out.
func toldSums(text, folder string) map[string]Sum {
	sums := make(map[string]Sum)
	for line := range strings.Lines(text) {
		var sum Sum
		line, whole := strings.CutSuffix(line, "\n")
		told, name, _ := strings.Cut(line, " ")
		if !whole || len(told) != 2*len(sum) || len(name) < 3 || name[1:3] != "./" {
			continue
		}
		if _, err := hex.Decode(sum[:], []byte(told)); err == nil {
			sums[under(folder, name[3:])] = sum
		}
	}
	return sums
}

// completed is the sums of paths: those that were told, and those of the others asked for
// by name. Where a name is more than a line, no line is trusted to tell whose it is.
func (s *syncing) completed(ctx context.Context, paths []string) (map[string]Sum, error) {
	if slices.ContainsFunc(paths, func(p string) bool { return strings.Contains(p, "\n") }) {
		return s.r.sums(ctx, paths)
	}
	var missing []string
	for _, p := range paths {
		if _, ok := s.onDisk[p]; !ok {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return s.onDisk, nil
	}
	sums, err := s.r.sums(ctx, missing)
	maps.Copy(sums, s.onDisk)
	return sums, err
}

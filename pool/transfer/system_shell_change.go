package transfer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"fleet/transport"
)

// changeScript carries out ops of four arguments each, and prints the number of each
// one that failed, and why. All tools are told to replace nothing but by rename, and
// to enter no folder that is in the place of a target: mv and ln would.
const changeScript = `
i=0
absent() { e="File exists"; ! [ -e "$1" ] && ! [ -L "$1" ]; }
move() {
	if [ -L "$2" ] && [ -d "$2" ]; then
		e=$(mv -fT "$1" "$2" 2>&1) || e=$(mv -fh "$1" "$2" 2>&1) || e=$(rm -f "$2" 2>&1 && mv -f "$1" "$2" 2>&1)
	elif [ -d "$2" ]; then e="File exists"; return 1
	else e=$(mv -f "$1" "$2" 2>&1)
	fi
}
touched() {
	if [ -L "$1" ]; then e=$(TZ=UTC0 touch -c -h -t "$2" "$1" 2>&1)
	else e="No such file or directory"; [ -e "$1" ] && e=$(TZ=UTC0 touch -c -t "$2" "$1" 2>&1)
	fi
}
while [ $# -gt 0 ]; do
	o=$1 p=$2 t=$3 x=$4
	shift 4
	case $o in
	mkdir) e=$(mkdir -m "$x" "$p" 2>&1) ;;
	remove) e=$(rm "$p" 2>&1) ;;
	rmdir) e=$(rmdir "$p" 2>&1) ;;
	rename) move "$p" "$t" ;;
	symlink) absent "$p" && e=$(ln -s -- "$t" "$p" 2>&1) ;;
	hardlink) absent "$t" && e=$(ln "$p" "$t" 2>&1) ;;
	chmod) e=$(chmod "$x" "$p" 2>&1) ;;
	chown) [ -z "$x" ] || e=$(chown -h "$x" "$p" 2>&1) ;;
	chtimes) touched "$p" "$x" ;;
	esac </dev/null || printf '%s %s\n' "$i" "$(printf '%s' "$e" | tr '\n' ' ')"
	i=$((i + 1))
done
`

// words are the ops by their names in changeScript and in errors.
func (k opKind) words() (script, say string) {
	switch k {
	case mkdir:
		return "mkdir", "make folder"
	case remove:
		return "remove", "remove"
	case rmdir:
		return "rmdir", "remove folder"
	case rename:
		return "rename", "rename to"
	case symlink:
		return "symlink", "make link"
	case hardlink:
		return "hardlink", "link to"
	case chmod:
		return "chmod", "set mode of"
	case chown:
		return "chown", "set owner of"
	case chtimes:
		return "chtimes", "set time of"
	}
	return "", "change"
}

// do carries ops out one after the other: a command cannot do better.
func (s *shellSystem) do(ctx context.Context, ops []op) error {
	var ordered []op
	for _, row := range together(ops) {
		ordered = append(ordered, row...)
	}
	var all []error
	var mu sync.Mutex // guards all
	err := batches(ctx, ordered, func(o op) int { return len(o.path) + len(o.to) + 16 }, func(ctx context.Context, some []op) error {
		var args []string
		for _, o := range some {
			args = append(args, arguments(o)...)
		}
		out := &bounded{max: 1 << 20}
		if err := s.run(ctx, &transport.Command{Script: changeScript, Args: args, Stdout: out}); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, failures(out.String(), some)...)
		return nil
	})
	if err != nil {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func arguments(o op) []string {
	word, _ := o.what.words()
	to, extra := operand(o.to), ""
	switch o.what {
	case symlink:
		to = o.to // wherever it leads
	case mkdir, chmod:
		extra = fmt.Sprintf("%05o", permBits(o.mode)) // GNU's chmod keeps bits of folders where there are four digits
	case chown:
		if o.uid >= 0 {
			extra = strconv.Itoa(o.uid)
		}
		if o.gid >= 0 {
			extra += ":" + strconv.Itoa(o.gid)
		}
	case chtimes:
		extra = mtimeOf(o.time).UTC().Format("200601021504.05")
	}
	return []string{word, operand(o.path), to, extra}
}

// failures reads what changeScript printed of ops.
func failures(out string, ops []op) []error {
	var all []error
	for line := range strings.Lines(out) {
		number, said, _ := strings.Cut(strings.TrimSpace(line), " ")
		i, err := strconv.Atoi(number)
		if err != nil || i < 0 || i >= len(ops) {
			return append(all, fmt.Errorf("the host's answer cannot be understood: %q", strings.TrimSpace(line)))
		}
		_, say := ops[i].what.words()
		path := ops[i].path
		if ops[i].what == rename || ops[i].what == hardlink {
			path = ops[i].to
		}
		all = append(all, failed(say, path, said2error(said, transport.Status{Code: 1})))
	}
	return all
}

package pool

import (
	"path"
	"strings"

	"fleet/transport"
)

// A script for another interpreter than /bin/sh is a file on the host, as not
// every interpreter reads a script from elsewhere. The wrapper makes it, for its
// user alone, and says where it is; a shell fills it, runs the interpreter, and
// takes the file away. Where that shell is killed, whoever kills it does so: the
// watchdog, the guard, the stop script.
const (
	// makeFile sets f to a new file, or to nothing where none can be made. Its
	// name is the same on all hosts, so that messages which tell it are; a host
	// that has such a file already (it shares the folder with another one) gets
	// a name of its own. Until the script has its own traps, these take the file
	// away: a client that is gone before the announcement ends the wrapper by
	// SIGPIPE.
	makeFile = `f=%[1]s/%[2]s; trap ` + onEnd + ` PIPE HUP INT TERM; ` +
		`m() { (umask 077; set -C; : >"$f"); }; m 2>/dev/null || { f=$f-$$; m; } || f=; `

	onEnd = `'rm -f "$f"; exit 129'`

	// passFile makes the file the first argument of the script.
	passFile = `set -- "$f" "$@"; `

	// takeFile comes before all that may end the script.
	takeFile = `f=$1; shift; [ "$f" ] || exit 125; trap 'rm -f "$f"' EXIT; `

	removeTraps = `trap 'rm -f "$f"; exit 143' TERM; trap 'rm -f "$f"; exit 129' HUP; trap 'rm -f "$f"; exit 130' INT
`
)

// interpreted is the shell text that fills the file and has it interpreted. The
// shell waits meanwhile: it has the traps.
func interpreted(c *transport.Command) string {
	text, end := c.Script, "FLEET_END_OF_SCRIPT"
	for strings.Contains(text, end) {
		end += "_"
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return removeTraps + `cat >"$f" <<'` + end + "' || exit 125\n" + text + end + "\n" +
		quoteArgs(c.Interpreter) + ` "$f" "$@"` + "\n"
}

// folder is where the file goes, as a word for the wrapper.
func folder(lists ...[]string) string {
	dir := `${TMPDIR:-/tmp}`
	for _, list := range lists {
		for _, kv := range list {
			if value, ok := strings.CutPrefix(kv, "TMPDIR="); ok && value != "" && !strings.Contains(value, "\n") {
				dir = Quote(value)
			}
		}
	}
	return dir
}

// isScriptFile reports whether file, which the host says, can be one of those
// that makeFile makes with name: it is going to be removed.
func isScriptFile(file, name string) bool {
	return name != "" && path.IsAbs(file) && strings.HasPrefix(path.Base(file), name)
}

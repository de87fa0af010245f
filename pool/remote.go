package pool

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"fleet/transport"
)

// What runs on the host.
//
// sshd hands the exec string to the login shell of the account, which may be
// sh, bash, fish, tcsh or anything else. All of them agree on words in single
// quotes, so the string is one simple command in such words:
//
//	exec /bin/sh -c 'WRAPPER' sh 'N' 'line 1' ... 'line N' 'arg 1' ...
//
// The wrapper joins the lines to the script, forks once, for the watchdog, and
// gives its place to a fresh shell for the script: one that knows nothing of the
// watchdog ("wait" waits for all the children a shell knows), has no variables
// of ours, and is the process that $$ names. Lines travel as words of their own
// because a newline is the one thing that csh cannot quote as the others do.
//
// The watchdog is what ends the command when nobody is left to ask for it. It
// holds the session's stdin, which the client keeps open while it lives; at end
// of file it ends the process group, TERM first, KILL after the grace period.
// sshd makes each session the leader of its own process group, so "the group"
// is everything the command started and did not itself detach. A command that
// ended normally leaves its background processes alone, as with ssh: the
// watchdog does nothing once the wrapper is gone.
//
// Before the script the wrapper prints one line, "NONCE run PID WATCHDOG",
// which tells the client that the command has begun and which group it is.
// What a login shell's start-up files printed before that line is dropped.

// inlineMax bounds what the exec string has of the script and its arguments,
// as quoted. Linux takes 128 KiB in one argument; some servers take far less
// (Dropbear: 9000 bytes for all), so longer scripts travel by stdin.
const inlineMax = 7 << 10

// wordsMax bounds the arguments alone; longer ones become part of the script.
const wordsMax = 2 << 10

// argumentMax bounds a script that one shell hands to another as an argument.
const argumentMax = 100 << 10

// lineMax bounds one word of the exec string: tcsh has fixed-size words.
const lineMax = 2000

// The wrapper, in pieces. No piece contains a newline, and few contain what
// quoting has to take apart.
const (
	// joinLines collects $1 lines into $c; what remains are the arguments.
	joinLines = `l=${IFS#??}; c=; n=$1; shift; while [ $n -gt 0 ]; do c=$c$1$l; shift; n=$((n-1)); done; `

	// readScript reads $1 bytes from stdin after asking for them: the script
	// and, as its end, the nonce. Without that the link broke in the middle,
	// and half a script must not run. It also keeps the command substitution
	// from eating trailing newlines.
	readScript = `echo %[1]s send; c=$(head -c $1); case $c in *%[1]s) c=${c%%%[1]s};; *) exit 129;; esac; shift; `

	// guardStdin gives the command an empty stdin and starts the watchdog on
	// the real one. The watchdog is a shell of its own, so that the script is
	// not in its arguments: "pkill -f" in a script would find it there. The
	// signals that it ignores are ignored before it is forked: on a busy host the
	// command may be at work, and be stopped, before the fork has its turn.
	guardStdin = `exec 3<&0 </dev/null; trap "" TERM HUP INT; ` +
		`(exec /bin/sh -c 'while read -r x; do :; done; ` +
		`kill -0 $1 && kill -TERM 0 && sleep $2 && %[3]skill -KILL 0' fleet $$ %[2]d%[4]s) <&3 3<&- >/dev/null 2>&1 & ` +
		`w=$!; exec 3<&-; trap %[5]s HUP INT TERM; `

	// setGroup sets $g to the process group: the shell itself leads it, unless
	// sudo stands between; findGroup looks.
	setGroup  = `g=$$; `
	findGroup = `g=; if [ -r /proc/$$/stat ]; then read -r a b a a g a </proc/$$/stat; ` +
		`else g=$(ps -o pgid= -p $$); g=$((g)); fi; `

	announce     = `echo %[1]s run $g $w; `
	announceFile = `echo "%[1]s run $g $w $f"; `

	// awaitGo leaves stdin to the command, and begins only when the client
	// has a guard in place.
	awaitGo     = `read -r x || exit 129; `
	awaitGoFile = `read -r x || { rm -f "$f"; exit 129; }; `

	// nowOpen ends what the terminal echoes of the go.
	nowOpen = `echo %[1]s on; `

	// runScript is the end of the wrapper. A script that is too long for an
	// argument runs in a subshell, which knows as little of the watchdog.
	runScript     = `exec /bin/sh -c "$c" sh "$@"`
	runLongScript = `(eval "$c")`

	// leaderCheck runs the wrapper (in $1) as a process-group leader on
	// servers that do not see to it themselves, so that group signals can
	// never reach the server.
	leaderCheck = `w=$1; shift; ` + findGroup +
		`if [ $g = $$ ]; then exec /bin/sh -c "$w" sh "$@"; fi; ` +
		`exec setsid /bin/sh -c "$w" sh "$@"`
)

// feed says where the stdin of the session goes.
type feed int

const (
	feedWatchdog feed = iota // to the watchdog; the command reads /dev/null
	feedCommand              // to the command; a guard on another channel watches
	feedTerminal             // the same, and it is a terminal
	feedSelf                 // to the script, which is a guard itself
)

// An invocation is the exec string for one command, and what the client has to
// know to drive it.
type invocation struct {
	exec   string
	nonce  string
	script string // to be sent by stdin when the wrapper asks; empty when it is in exec
	prompt string // what sudo prints to ask for the password
	file   string // how the names of its file begin; empty where it has none
	feed   feed
}

// newInvocation builds the exec string for c on a server of which it is known
// whether each session leads its own process group. file is the name for a
// script that has to be one.
func newInvocation(c *transport.Command, env []string, r role, sessionLeads bool, file string) (*invocation, error) {
	if len(c.Interpreter) == 0 {
		file = ""
	}
	script, err := fullScript(c, env)
	if err != nil {
		return nil, err
	}
	inv := &invocation{nonce: newNonce(), file: file}
	switch {
	case r == roleGuard:
		inv.feed = feedSelf
	case c.TTY != nil:
		inv.feed = feedTerminal
	case c.Stdin != nil:
		inv.feed = feedCommand
	}
	args := c.Args
	if !fitWords(args) || c.Private {
		script, args = "set -- "+quoteArgs(args)+"; "+script, nil
	}
	if file != "" {
		script = takeFile + script
	}
	lines := strings.Split(script, "\n")
	// sudo keeps its arguments for as long as the command runs, so the script is
	// not to be among them.
	hidden := c.Private || c.Become != nil && inv.feed != feedTerminal
	byStdin := hidden || len(script) > inlineMax || longest(lines) > lineMax || len(quoteWords(lines, args)) > inlineMax
	if c.Private && inv.feed == feedTerminal {
		return nil, fmt.Errorf("a command with sensitive values cannot run with a terminal")
	}
	if byStdin && inv.feed == feedTerminal {
		return nil, fmt.Errorf("a script of more than %d bytes cannot run with a terminal", inlineMax)
	}

	var wrapper strings.Builder
	words := args
	if byStdin {
		fmt.Fprintf(&wrapper, readScript, inv.nonce)
		inv.script = script + inv.nonce
		words = append([]string{strconv.Itoa(len(inv.script))}, words...)
	} else {
		wrapper.WriteString(joinLines)
		words = append(append([]string{strconv.Itoa(len(lines))}, lines...), words...)
	}
	if file != "" {
		fmt.Fprintf(&wrapper, makeFile, folder(env, c.Env), file)
	}
	inv.watch(&wrapper, c)
	if file != "" {
		wrapper.WriteString(passFile)
	}
	if len(script) <= argumentMax && !c.Private {
		wrapper.WriteString(runScript)
	} else {
		wrapper.WriteString(runLongScript)
	}

	text := wrapper.String()
	if !sessionLeads {
		text, words = leaderCheck, append([]string{text}, words...)
	}
	shell, err := inv.become(c.Become, text)
	if err != nil {
		return nil, err
	}
	inv.exec = "exec " + quoteWords(append(shell, "sh"), words)
	return inv, nil
}

// watch is the part of the wrapper that starts the watchdog, announces the
// command, and waits where a guard comes in place of the watchdog.
func (inv *invocation) watch(wrapper *strings.Builder, c *transport.Command) {
	remove, file, say, await, again := "", "", announce, awaitGo, "-"
	if inv.file != "" {
		remove, file, say, await, again = `{ rm -f "$3"; true; } && `, ` "$f"`, announceFile, awaitGoFile, onEnd
	}
	if inv.feed == feedWatchdog {
		grace := int((c.GraceOrDefault() + 999_999_999) / 1_000_000_000)
		fmt.Fprintf(wrapper, guardStdin, inv.nonce, grace, remove, file, again)
	} else {
		wrapper.WriteString("w=0; ")
	}
	if c.Become != nil {
		wrapper.WriteString(findGroup)
	} else {
		wrapper.WriteString(setGroup)
	}
	fmt.Fprintf(wrapper, say, inv.nonce)
	if inv.feed == feedCommand || inv.feed == feedTerminal {
		wrapper.WriteString(await)
	}
	if inv.feed == feedTerminal {
		fmt.Fprintf(wrapper, nowOpen, inv.nonce)
	}
}

// fullScript puts environment and working directory in front of the script, on
// its first line: the shell's messages count lines.
func fullScript(c *transport.Command, env []string) (string, error) {
	if strings.IndexByte(c.Script, 0) >= 0 {
		return "", fmt.Errorf("the script contains a NUL byte: it is not a text file")
	}
	for _, a := range c.Args {
		if strings.IndexByte(a, 0) >= 0 {
			return "", fmt.Errorf("the argument %q contains a NUL byte", a)
		}
	}
	var b strings.Builder
	for _, list := range [][]string{env, c.Env} {
		for _, kv := range list {
			name, value, ok := strings.Cut(kv, "=")
			if !ok || !isName(name) || strings.IndexByte(value, 0) >= 0 {
				return "", fmt.Errorf("%q is not a NAME=value setting for the environment", name)
			}
			fmt.Fprintf(&b, "export %s=%s; ", name, Quote(value))
		}
	}
	if c.Dir != "" {
		fmt.Fprintf(&b, "cd -- %s || exit 125; ", Quote(c.Dir))
	}
	if len(c.Interpreter) > 0 {
		b.WriteString(interpreted(c))
	} else {
		b.WriteString(c.Script)
	}
	return b.String(), nil
}

// fitWords reports whether args can be words of the exec string: tcsh cannot
// quote a newline, and the string must not get too long.
func fitWords(args []string) bool {
	size := 0
	for _, a := range args {
		size += len(a)
		if strings.IndexByte(a, '\n') >= 0 {
			return false
		}
	}
	return size <= wordsMax && len(quoteWords(args)) <= wordsMax
}

// quoteArgs is args as words for a POSIX shell.
func quoteArgs(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = Quote(a)
	}
	return strings.Join(quoted, " ")
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func longest(lines []string) int {
	n := 0
	for _, l := range lines {
		n = max(n, len(l))
	}
	return n
}

// newNonce is a word that no output contains by accident.
func newNonce() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "fleet-" + hex.EncodeToString(b[:])
}

// quoteWords joins words so that sh, bash, fish and tcsh alike parse them
// back. Words must not contain a newline.
func quoteWords(lists ...[]string) string {
	var b strings.Builder
	for _, words := range lists {
		for _, w := range words {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			quoteAnywhere(&b, w)
		}
	}
	return b.String()
}

// quoteAnywhere quotes w for any login shell: everything in single quotes,
// but quote, backslash (special to fish there) and exclamation mark (special
// to tcsh everywhere) outside, behind a backslash.
func quoteAnywhere(b *strings.Builder, w string) {
	if w == "" {
		b.WriteString("''")
		return
	}
	for w != "" {
		i := strings.IndexAny(w, `'\!`)
		if i < 0 {
			i = len(w)
		}
		if i > 0 {
			b.WriteByte('\'')
			b.WriteString(w[:i])
			b.WriteByte('\'')
		}
		if i < len(w) {
			b.WriteByte('\\')
			b.WriteByte(w[i])
			i++
		}
		w = w[i:]
	}
}

// Quote quotes s as one word for a POSIX shell.
func Quote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("@%+=:,./-_", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

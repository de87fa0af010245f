package output

import (
	"testing"

	"fleet/event"
)

func TestStreamPrintsWholeLinesBehindTheHostsName(t *testing.T) {
	stdout, stderr := show(t, mixed(), NewStream)
	equal(t, "stdout", stdout, `web01: up 3 days
web02: up 3 days
web03: up 3 days
web04: up 4 days
`)
	equal(t, "stderr", stderr, `web03: warning: disk
web03: exited with status 3
db01: unreachable: dial: dial tcp 10.0.0.8:22: connect: connection refused (hint: is sshd running there?)
fleet: exit 3: [web03]
fleet: unreachable: dial: dial tcp: connect: connection refused: [db01]
fleet: not attempted: [db02]
fleet: 3 ok, 1 failed, 1 unreachable, 1 not attempted in 2.5 s
`)
}

func TestStreamIsSilentAboutSuccess(t *testing.T) {
	s := script{hosts("a", "b"), out("a", "x\n"), ok("a"), ok("b"), runEnd(map[event.Outcome]int{event.OK: 2})}
	_, stderr := show(t, s, NewStream)
	equal(t, "stderr", stderr, "")
	_, stderr = show(t, s, NewStream, func(c *Config) { c.Verbose = 1 })
	equal(t, "verbose stderr", stderr, "fleet: 2 ok in 2.5 s\n")
}

func TestStreamOfOneHostWithoutPrefixIsUnchanged(t *testing.T) {
	s := script{hosts("a"), out("a", "no newline \x1b[2J\xff"), out("a", ", more"), errOut("a", "e"), exit("a", 9), runEnd(nil)}
	stdout, stderr := show(t, s, NewStream, func(c *Config) { c.NoPrefix = true })
	equal(t, "stdout", stdout, "no newline \x1b[2J\xff, more")
	equal(t, "stderr", stderr, "ea: exited with status 9\n")
}

func TestStreamWithoutPrefixKeepsLinesOfManyHostsApart(t *testing.T) {
	s := script{hosts("a", "b"), out("a", "1"), out("b", "2\n3"), ok("b"), ok("a"), runEnd(nil)}
	stdout, _ := show(t, s, NewStream, func(c *Config) { c.NoPrefix = true })
	equal(t, "stdout", stdout, "2\n3\n1\n")
}

func TestStreamMakesBytesSafeOnATerminalOnly(t *testing.T) {
	s := script{hosts("a", "b"), out("a", "x\x1b]0;t\a\x1b[2Jy\rz\n"), out("a", "\x1b[31mred\n\x1b[m"), ok("a"), runEnd(nil)}
	stdout, _ := show(t, s, NewStream)
	equal(t, "pipe", stdout, "a: x\x1b]0;t\a\x1b[2Jy\rz\na: \x1b[31mred\na: \x1b[m\n")
	stdout, _ = show(t, s, NewStream, terminal)
	equal(t, "terminal", stdout, "a: x^[[2Jy\na: z\na: red\n")
	stdout, _ = show(t, s, NewStream, terminal, func(c *Config) { c.Stdout.Color = true })
	equal(t, "color", stdout, "\x1b[34ma:\x1b[0m x^[[2Jy\n\x1b[34ma:\x1b[0m z\n\x1b[34ma:\x1b[0m \x1b[31mred\x1b[0m\n")
	stdout, _ = show(t, s, NewStream, terminal, func(c *Config) { c.Stdout.Raw = true })
	equal(t, "raw", stdout, "a: x\x1b]0;t\a\x1b[2Jy\rz\na: \x1b[31mred\na: \x1b[m\n")
}

func TestStreamNeverTrustsNamesAndErrors(t *testing.T) {
	s := script{hosts("a\x1b[2J", "b"), out("a\x1b[2J", "x\n"), bad("a\x1b[2J", event.Unreachable, "auth", "banner \x1b]0;x\a\nline", ""), runEnd(nil)}
	stdout, stderr := show(t, s, NewStream)
	equal(t, "stdout", stdout, "a^[[2J: x\n")
	equal(t, "stderr", stderr, `a^[[2J: unreachable: banner ^[]0;x^G\nline
fleet: unreachable: banner ^[]0;x^G\nline: [a^[[2J]
fleet: 1 unreachable in 2.5 s
`)
}

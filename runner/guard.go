package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"fleet/tasks"
	"fleet/transport"
)

// Guards
//
// All guards of a call are asked in one round trip, by one script: it says "at N"
// before it asks guard N, and "skip N" where that one says that there is nothing
// to do. What a guard prints is thrown away. It has the environment, the
// directory and the user of the step.
//
// A status that is not 0 means no, whatever it is. So a text that the shell
// cannot parse has to be told from a no: where a guard fails, "sh -n" reads it
// once more.

// guarded reports why c has nothing to do ("creates /x exists"); "" where it
// has. An error is that of the question, not of its answer.
func guarded(ctx context.Context, m *machine, s *tasks.Step, c *tasks.Call) (reason string, err error) {
	if len(c.Guards) == 0 {
		return "", nil
	}
	q := &transport.Command{Script: guardScript(c.Guards), Private: c.Private}
	if a, ok := c.Action.(*tasks.Command); ok {
		q.Env, q.Dir = a.Env, a.Dir
	}
	said, status, err := m.ask(ctx, s.GuardTimeout, q)
	at := said.guard("at", c.Guards)
	switch {
	case err != nil && transport.KindOf(err) == transport.KindTimeout && ctx.Err() == nil:
		return "", hung(err, at)
	case err != nil && q.Dir != "" && errors.Is(err, fs.ErrNotExist):
		return "", &noFolder{q.Dir} // of the local machine
	case err != nil:
		return "", err
	case said.guard("bad", c.Guards) != nil:
		return "", fmt.Errorf("%s is not a command that /bin/sh can read%s", guardName(at), after(": ", said.errs.last()))
	case status.Code == 125 && at == nil && q.Dir != "":
		return "", &noFolder{q.Dir}
	case !status.OK():
		return "", fmt.Errorf("%s could not be asked: %s", guardName(at), lastWords(status, said))
	}
	if g := said.guard("skip", c.Guards); g != nil {
		return skipReason(g), nil
	}
	return "", nil
}

// A noFolder is the error of a guard whose working directory is not there, or
// not for this user.
type noFolder struct{ dir string }

func (e *noFolder) Error() string {
	return fmt.Sprintf("the guards could not be asked: the directory %q cannot be entered", e.dir)
}

// hung is err for a guard that did not end in time.
func hung(err error, at *tasks.Guard) error {
	var te *transport.Error
	if !errors.As(err, &te) {
		return err
	}
	e := *te
	e.Err = fmt.Errorf("%s: %w", guardName(at), te.Err)
	return &e
}

// lastWords says how a script of fleet's own ended.
func lastWords(status transport.Status, said *answer) string {
	text := fmt.Sprintf("exit status %d", status.Code)
	if status.Signal != "" {
		text = "ended by signal " + status.Signal
	}
	return text + after(": ", said.errs.last())
}

// after is text behind a separator; nothing where there is no text.
func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

// guardScript is the question. The last line makes the status 0.
func guardScript(guards []tasks.Guard) string {
	var b strings.Builder
	for i, g := range guards {
		fmt.Fprintf(&b, "echo at %d; ", i)
		path := shellPath(g.Text)
		switch g.Kind {
		case "creates":
			fmt.Fprintf(&b, "if [ -e %[1]s ] || [ -L %[1]s ]; then echo skip %[2]d; exit 0; fi\n", path, i)
		case "removes":
			fmt.Fprintf(&b, "if [ -e %[1]s ] || [ -L %[1]s ]; then :; else echo skip %[2]d; exit 0; fi\n", path, i)
		case "unless":
			fmt.Fprintf(&b, "if %s; then echo skip %d; exit 0; else %s; fi\n", quietly(g.Text), i, parses(g.Text, i))
		case "only_if":
			fmt.Fprintf(&b, "if %s; then :; else %s; echo skip %d; exit 0; fi\n", quietly(g.Text), parses(g.Text, i), i)
		}
	}
	return b.String() + "exit 0\n"
}

// quietly is a command that runs text in a shell of its own, without output.
func quietly(text string) string {
	return "(eval " + shellQuote(text) + ") </dev/null >/dev/null 2>&1"
}

// parses ends the script where text cannot be parsed. The text goes by a pipe: a
// word of a command would be in the list of processes.
func parses(text string, i int) string {
	return fmt.Sprintf("/bin/sh -n <<'%[1]s' >/dev/null || { echo bad %[3]d; exit 0; }\n%[2]s\n%[1]s\n", endOf(text), text, i) + ":"
}

// endOf is a line that is not in text.
func endOf(text string) string {
	end := "FLEET_END_OF_GUARD"
	for strings.Contains(text, end) {
		end += "_"
	}
	return end
}

// guard is the last guard of which the answer says word; nil where it says that
// of none.
func (a *answer) guard(word string, guards []tasks.Guard) *tasks.Guard {
	lines := a.out.lines()
	for i := len(lines) - 1; i >= 0; i-- {
		if number, ok := strings.CutPrefix(lines[i], word+" "); ok {
			if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < len(guards) {
				return &guards[n]
			}
		}
	}
	return nil
}

// skipReason is what g has said.
func skipReason(g *tasks.Guard) string {
	switch g.Kind {
	case "creates":
		return "creates " + g.Text + " exists"
	case "removes":
		return "removes " + g.Text + " does not exist"
	case "unless":
		return "unless " + brief(g.Text) + " succeeds"
	default:
		return g.Kind + " " + brief(g.Text) + " fails"
	}
}

// guardName names a guard in an error; nil is the first one.
func guardName(g *tasks.Guard) string {
	if g == nil {
		return "the guards"
	}
	return fmt.Sprintf("%s %s", g.Kind, brief(g.Text))
}

// brief is the first line of a command, in quotes.
func brief(text string) string {
	const most = 60
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(first); len(r) > most {
		first, more = string(r[:most]), true
	}
	if more {
		first += "..."
	}
	return strconv.Quote(first)
}

// shellPath is path as a word for a shell: a leading ~/ is the home directory.
func shellPath(path string) string {
	if path == "~" {
		return `"$HOME"`
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return `"$HOME"/` + shellQuote(rest)
	}
	return shellQuote(path)
}

// shellQuote makes s one word for a POSIX shell.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

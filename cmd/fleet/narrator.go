package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"fleet/pool"
)

// A narrator tells the tour on standard output, between the commands.
type narrator struct {
	app *app
	err error // the first write that failed
}

func (n *narrator) line(s string) {
	if n.err == nil {
		_, n.err = fmt.Fprintln(n.app.env.stdout, s)
	}
}

// say tells something, in lines that fit a terminal of 80 columns.
func (n *narrator) say(format string, args ...any) {
	for _, l := range fold(fmt.Sprintf(format, args...), helpWidth-2) {
		n.line(l)
	}
}

// command shows what could be typed.
func (n *narrator) command(text string) {
	text = "$ " + text
	if n.app.color(n.app.env.stdout) {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	n.line(text)
}

// step shows a command and carries it out.
func (n *narrator) step(ctx context.Context, project string, s *demoStep) error {
	if s.about != "" {
		n.line("")
		n.say("%s", s.about)
	}
	if s.shown != "" {
		n.command("cat " + pool.Quote(filepath.Join(project, demoFile)))
		n.line(strings.TrimSuffix(s.shown, "\n"))
	}
	words := []string{"fleet"}
	for _, w := range s.args {
		words = append(words, pool.Quote(w))
	}
	n.command(strings.Join(words, " "))
	if n.err != nil {
		return n.err
	}
	inner := newApp(n.app.demoEnv(project))
	defer inner.close()
	inner.guided = true
	status := inner.run(ctx, s.args)
	if err := interrupted(ctx, nil); err != nil {
		return err
	}
	if status != s.want {
		return fmt.Errorf("the demo expected the exit status %d and got %d", s.want, status)
	}
	if s.meaning != "" {
		n.line(fmt.Sprintf("(exit status %d: %s)", status, s.meaning))
	}
	return n.err
}

// demoEnv is the environment of a command of the tour: as after the export it
// shows, and with the color that was asked for.
func (a *app) demoEnv(project string) env {
	set := map[string]string{"FLEET_INVENTORY": project}
	switch a.global.color {
	case "always":
		set["CLICOLOR_FORCE"], set["NO_COLOR"] = "1", ""
	case "never":
		set["NO_COLOR"] = "1"
	}
	e := a.env
	e.lookup = func(name string) (string, bool) {
		if v, ok := set[name]; ok {
			return v, v != ""
		}
		return a.env.lookup(name)
	}
	return e
}

// next says what to type now. No comments stand on these lines: not every shell
// takes them from a terminal.
func (n *narrator) next() {
	n.line("")
	n.say("That was the tour; its hosts are gone. Now you, on hosts that stay:")
	n.line("  d=$(fleet lab up -n 20)")
	n.line(`  fleet run -i "$d" -ab -- uptime`)
	n.line(`  fleet trace -i "$d" lab01`)
	n.say("Your own hosts, as ssh knows them: fleet run -w 'web[01-20]' -- uptime")
	if _, err := exec.LookPath("fleet"); err == nil {
		return
	}
	n.line("")
	self, err := os.Executable()
	if err != nil || filepath.Base(filepath.Dir(self)) == "exe" { // go run
		n.say("The shell does not find fleet yet. In the folder of its source:")
		n.line("  go install ./cmd/fleet")
		return
	}
	n.say("The shell does not find fleet yet; until you install it:")
	n.line("  PATH=$PATH:" + pool.Quote(filepath.Dir(self)))
}

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"fleet/internal/lab"
	"fleet/pool"
)

func newDemoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "The tour: a few seconds on hosts of its own",
		Long: `The tour. It brings up ten SSH hosts inside this process, on loopback, runs
commands and a rollout on them, shows how one that differs, one that fails and one
that does not answer look, and cleans up. It touches nothing else.`,
		Example: "  fleet demo",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

// The hosts of the tour that are not like the others.
const (
	demoHosts  = 10
	demoOld    = "lab03" // has the release before
	demoBroken = "lab07" // has none
	demoGone   = "lab10" // does not answer
)

// A demoStep is a command of the tour.
type demoStep struct {
	about   string   // what to look at
	shown   string   // a file to look at
	args    []string // the command, without "fleet"
	want    int      // its exit status
	meaning string   // what the status says
}

func demoSteps() []demoStep {
	return []demoStep{
		{
			about: "One command on all hosts at one time. Lines come as they are printed.",
			args:  []string{"run", "-a", "--", "uptime"},
			want:  4, meaning: "a host was unreachable",
		},
		{
			about: "Do they agree? -b shows each answer once, the odd ones first.",
			args:  []string{"run", "-ab", "--", "cat release"},
			want:  6, meaning: "2, a host failed, and 4, one was unreachable",
		},
		{
			about: "Mend the two that are wrong, and look again: nine hosts, one answer.",
			args:  []string{"run", "-w", demoOld + "," + demoBroken, "--", "echo shop 1.9.2 > release"},
		},
		{
			args: []string{"run", "-w", "@web,@db", "-b", "--", "cat release"},
		},
		{
			about: "A rollout, from a task file: first one host, the canary, then four at a time.",
			shown: demoTask,
			args:  []string{"apply", "deploy", "-e", "release=2.0"},
		},
		{
			about: "A release that does not work: its canary fails, and no other host is touched.",
			args:  []string{"apply", "deploy", "-e", "release=2.1-broken"},
			want:  3, meaning: "stopped early",
		},
		{
			args: []string{"run", "-w", "@web,@db", "-b", "--", "cat release"},
		},
	}
}

// demoFile is the task file of the tour, in the folder of the lab.
const demoFile = "deploy.fleet.hcl"

const demoTask = `variable "release" { type = string }

task "deploy" {
  hosts = "@web,@db"
  rollout {
    canary       = 1
    max_parallel = 4
  }
  step "install" {
    env     = { RELEASE = var.release }
    command = "echo shop $RELEASE > release"
    unless  = "grep -qx \"shop $RELEASE\" release"
  }
  step "healthy" {
    command = "! grep broken release"
    changed = false
  }
}
`

// demo gives the tour. Each command it shows is carried out by the same code as
// one that is typed.
func (a *app) demo(ctx context.Context) error {
	ctx, finish := untilSignal(ctx)
	defer finish()
	begun := time.Now()
	l, err := lab.Up(ctx, lab.Options{N: demoHosts, Faults: []string{"refuse=" + demoGone}})
	if err != nil {
		return interrupted(ctx, err)
	}
	err = a.tour(ctx, l, begun)
	_ = os.Remove(filepath.Join(l.Dir, demoFile)) // Close leaves what others put there
	if err := interrupted(ctx, errors.Join(err, l.Close())); err != nil {
		return err
	}
	n := &narrator{app: a}
	n.next()
	return n.err
}

func (a *app) tour(ctx context.Context, l *lab.Lab, begun time.Time) error {
	project, err := demoFiles(l)
	if err != nil {
		return err
	}
	n := &narrator{app: a}
	n.say("%d SSH hosts on loopback, all in this process, up in %s.", len(l.Hosts), time.Since(begun).Round(time.Millisecond))
	n.line("")
	n.command("export FLEET_INVENTORY=" + pool.Quote(project))
	for _, step := range demoSteps() {
		if err := n.step(ctx, project, &step); err != nil {
			return err
		}
	}
	return n.err
}

// demoFiles gives every host a file to look at. The folder of the lab becomes the
// project of the tour.
func demoFiles(l *lab.Lab) (project string, err error) {
	for _, h := range l.Hosts {
		text := "shop 1.9.2\n"
		switch h.Name {
		case demoBroken:
			continue
		case demoOld:
			text = "shop 1.9.1\n"
		}
		home := filepath.Join(l.Dir, "hosts", h.Name)
		if err := os.MkdirAll(home, 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(home, "release"), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return l.Dir, os.WriteFile(filepath.Join(l.Dir, demoFile), []byte(demoTask), 0o600)
}

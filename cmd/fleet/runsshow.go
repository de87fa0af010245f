package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"fleet/event"
	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/journal"
	"fleet/output"
)

func newRunsShowCommand(a *app) *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use:   "show [flags] [RUN]",
		Short: "Show what a run did, and how it ended",
		Long: `Show what a run did, and how it ended, as it was shown at that time. With
--format jsonl, the events as they were recorded.`,
		Example: "  fleet runs show\n  fleet runs show 20261123-1105 --format jsonl",
		Args:    oneRun,
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := a.findRun(args)
			if err != nil {
				return err
			}
			return a.showRun(run, format)
		},
	}
	fs := newFlagSet()
	fs.Var(choice(&format, "text", "json", "jsonl"), "format", "`FORMAT`: text, json or jsonl")
	addFlags(cmd, "What to print", fs)
	completeWords(cmd, "format", "text", "json", "jsonl")
	a.completeRuns(cmd)
	return cmd
}

func (a *app) showRun(run *journal.Run, format string) error {
	switch format {
	case "json":
		d := describeRun(run)
		var err error
		if d.Failed, err = run.Failed(); err != nil {
			return err
		}
		return writeJSON(a.env.stdout, d)
	case "jsonl":
		return run.Events(func(e *event.Event) error {
			line, err := e.AppendJSON(nil)
			if err == nil {
				_, err = a.env.stdout.Write(line)
			}
			return err
		})
	}
	w := a.env.stdout
	fmt.Fprintf(w, "run      %s: %s\n", run.ID, run.Status)
	fmt.Fprintf(w, "what     %s\n", term.Clean(run.Command))
	fmt.Fprintf(w, "in       %s\n", term.Clean(run.Dir))
	fmt.Fprintf(w, "started  %s by process %d\n", run.Started.Local().Format("2006-01-02 15:04:05 MST"), run.PID)
	if run.Summary != nil {
		fmt.Fprintf(w, "ended    %s with exit status %d\n", run.Ended.Local().Format("2006-01-02 15:04:05 MST"), run.Summary.ExitStatus())
	}
	fmt.Fprintf(w, "hosts    %d: %s\n", len(run.Hosts), term.Clean(nodeset.Fold(run.Hosts)))
	if run.Resumes != "" {
		fmt.Fprintf(w, "resumes  %s\n", run.Resumes)
	}
	fmt.Fprintln(w)
	return a.replay(w, run)
}

// replay shows the events of a run as they were shown when they happened.
func (a *app) replay(w io.Writer, run *journal.Run) error {
	terminal := term.IsTerminal(w)
	dest := output.Dest{Writer: w, Terminal: terminal, Color: a.color(w)}
	cfg := output.Config{
		Stdout: dest, Stderr: dest, Fold: nodeset.Fold, Verbose: a.global.verbose,
		Width: func() int { return lineWidth(w) },
	}
	renderer := output.NewStream(cfg)
	if run.Kind == journal.KindApply {
		renderer = output.NewTasks(cfg)
	}
	if err := run.Events(func(e *event.Event) error { renderer.Emit(e); return nil }); err != nil {
		return err
	}
	return renderer.Close()
}

func newRunsLogsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs [flags] [RUN] HOST",
		Short: "Show what a run printed on a host",
		Long: `Show what the steps of a run, or its command, printed on a host. RUN is the ID of
a run or the beginning of it; without it, the last one.`,
		Example: "  fleet runs logs web07\n  fleet runs logs 20261123-1105 web07",
		Args:    runAndHost,
		RunE: func(_ *cobra.Command, args []string) error {
			host := args[len(args)-1]
			run, err := a.findRun(args[:len(args)-1])
			if err != nil {
				return err
			}
			log, err := run.Log(host)
			switch {
			case errors.Is(err, fs.ErrNotExist) && slices.Contains(run.Hosts, host):
				return fmt.Errorf("nothing was printed on %q in run %s", host, run.ID)
			case errors.Is(err, fs.ErrNotExist):
				return &usageError{err: fmt.Errorf("%q is not a host of run %s (%s)", host, run.ID, run.Command), hint: "its hosts: " + nodeset.Fold(run.Hosts)}
			case err != nil:
				return err
			}
			defer log.Close()
			return a.copyLog(log)
		},
	}
	a.completeLogs(cmd)
	return cmd
}

// runAndHost accepts the name of a host, and that of a run before it.
func runAndHost(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return badUsage("%s: no host is named; fleet runs show names those of the last run", cmd.CommandPath())
	case 1, 2:
		return nil
	}
	return badUsage("%s takes one run and one host; %q is one too many", cmd.CommandPath(), args[2])
}

// copyLog prints a log, made safe for a terminal.
func (a *app) copyLog(log io.Reader) error {
	if !term.IsTerminal(a.env.stdout) {
		_, err := io.Copy(a.env.stdout, log)
		return err
	}
	clean := &term.Sanitizer{StripColor: !a.color(a.env.stdout)}
	buf := make([]byte, 32<<10)
	for {
		n, err := log.Read(buf)
		if _, werr := a.env.stdout.Write(clean.Append(nil, buf[:n])); werr != nil {
			return werr
		}
		if errors.Is(err, io.EOF) {
			_, err = a.env.stdout.Write(clean.Flush(nil))
			return err
		}
		if err != nil {
			return err
		}
	}
}

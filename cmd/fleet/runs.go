package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/journal"
)

func newRunsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "The journal of past and running runs",
		Long: `Every run is recorded as it happens: what was sent to which host, and how it
ended. RUN is the number of a run or the beginning of it; without it, the last
one.`,
		Example: "  fleet runs list\n  fleet runs resume",
	}
	cmd.AddCommand(newRunsListCommand(a), newRunsShowCommand(a), newRunsLogsCommand(a), newRunsResumeCommand(a), newRunsStopCommand(a))
	orderCommands(cmd.Commands())
	return cmd
}

// findRun is the run that args name, or the last one.
func (a *app) findRun(args []string) (*journal.Run, error) {
	store, err := a.journal()
	if err != nil {
		return nil, err
	}
	id := ""
	if len(args) > 0 {
		id = args[0]
	}
	return store.Find(id)
}

func newRunsListCommand(a *app) *cobra.Command {
	var (
		format string
		most   int
	)
	cmd := &cobra.Command{
		Use:     "list [flags]",
		Short:   "List the runs, the last one first",
		Example: "  fleet runs list -n 5",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			store, err := a.journal()
			if err != nil {
				return err
			}
			runs, err := store.List()
			if err != nil {
				return err
			}
			if most > 0 {
				runs = runs[:min(most, len(runs))]
			}
			if format == "json" {
				docs := make([]runDocument, len(runs))
				for i := range runs {
					docs[i] = describeRun(&runs[i])
				}
				return writeJSON(a.env.stdout, docs)
			}
			return printRuns(a.env.stdout, runs, time.Now())
		},
	}
	fs := newFlagSet()
	format = "text"
	fs.Var(choice(&format, "text", "json"), "format", "`FORMAT` of the list: text or json")
	fs.VarP(count(&most, 1, ""), "number", "n", "only the last `N`")
	addFlags(cmd, "What to print", fs)
	completeWords(cmd, "format", "text", "json")
	return cmd
}

// A runDocument is a run in the JSON of "fleet runs".
type runDocument struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind"`
	Command string     `json:"command"`
	Status  string     `json:"status"`
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended,omitempty"`
	Dir     string     `json:"dir"`
	Tasks   []string   `json:"tasks,omitempty"`
	Hosts   []string   `json:"hosts"`
	Resumes string     `json:"resumes,omitempty"`
	Summary any        `json:"summary,omitempty"`
	Failed  []string   `json:"failed,omitempty"`
}

func describeRun(r *journal.Run) runDocument {
	d := runDocument{
		ID: r.ID, Kind: string(r.Kind), Command: r.Command, Status: string(r.Status), Started: r.Started,
		Dir: r.Dir, Tasks: r.Tasks, Hosts: r.Hosts, Resumes: r.Resumes,
	}
	if !r.Ended.IsZero() {
		d.Ended = &r.Ended
	}
	if r.Summary != nil {
		d.Summary = r.Summary.Wire()
	}
	return d
}

// printRuns is the list for people.
func printRuns(w io.Writer, runs []journal.Run, now time.Time) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(w, "No run is recorded yet.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTARTED\tTOOK\tHOSTS\tSTATUS\tWHAT")
	for i := range runs {
		r := &runs[i]
		took := "-"
		if !r.Ended.IsZero() {
			took = roughly(r.Ended.Sub(r.Started))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\n", r.ID, ago(now.Sub(r.Started)), took, len(r.Hosts), r.Status, oneLine(r.Command, 60))
	}
	return t.Flush()
}

// roughly is how long something took, to three digits or so.
func roughly(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// ago is a time in the past, in the largest unit that fits.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours())/24)
	}
}

// oneLine is text on one line of at most so many characters.
func oneLine(text string, most int) string {
	text = term.Clean(strings.Join(strings.Fields(text), " "))
	if r := []rune(text); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return text
}

func newRunsStopCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop [RUN]",
		Short: "Stop a run, as Ctrl-C does where it was started",
		Long: `Stop a run: no new host or step is begun, and what runs on the hosts is ended
there. RUN is the number of a run or the beginning of it; without it, the last
one.`,
		Example: "  fleet runs stop",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := a.findRun(args)
			if err != nil {
				return err
			}
			if run.Status != journal.Running {
				return fmt.Errorf("run %s is not running: %s", run.ID, run.Status)
			}
			if err := run.Stop(); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.env.stdout, "run %s on %s was told to stop; fleet runs show %s tells how it ends\n",
				run.ID, oneLine(nodeset.Fold(run.Hosts), 60), run.ID)
			return err
		},
	}
	a.completeRuns(cmd)
	return cmd
}

// completeRuns completes the numbers of runs.
func (a *app) completeRuns(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		store, err := a.journal()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		runs, err := store.List()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for i := range runs {
			if strings.HasPrefix(runs[i].ID, word) {
				out = append(out, runs[i].ID+"\t"+oneLine(runs[i].Command, 40))
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

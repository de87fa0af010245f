package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"fleet/internal/term"
	"fleet/journal"
)

func newRunsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "The journal of past and running runs",
		Long: `Every run is recorded as it happens: what was sent to which host, and how it
ended. RUN is the ID of a run or the beginning of it; without it, the last one.`,
		Example: "  fleet runs list\n  fleet runs resume",
	}
	cmd.AddCommand(newRunsListCommand(a), newRunsShowCommand(a), newRunsLogsCommand(a), newRunsResumeCommand(a), newRunsStopCommand(a))
	orderCommands(cmd.Commands())
	return cmd
}

// runs are all runs, the last one first. What cannot be read of them is told, and
// left out.
func (a *app) runs() ([]journal.Run, error) {
	store, err := a.journal()
	if err != nil {
		return nil, err
	}
	runs, err := store.List()
	if err == nil || len(runs) == 0 {
		return runs, err
	}
	if !a.global.quiet {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(a.env.stderr, "fleet: warning: left out: %s\n", term.Clean(line))
		}
	}
	return runs, nil
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
		Example: "  fleet runs list -n 5\n  fleet runs list --format json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			runs, err := a.runs()
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

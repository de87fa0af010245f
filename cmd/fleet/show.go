package main

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/pflag"

	"fleet/internal/nodeset"
	"fleet/internal/term"
	"fleet/output"
)

// formats are the values of --format.
var formats = []string{"text", "json", "jsonl", "junit"}

// showFlags say how the results of a run are shown.
type showFlags struct {
	gather   string // -b: "" is no, "end" when all have ended, "line" as they come
	diff     bool   // --diff
	noPrefix bool   // -N
	format   string // --format
	largest  bool   // -S
	outdir   string // --outdir
	errdir   string // --errdir
	progress bool   // -P
	raw      bool   // --raw
}

func (f *showFlags) flags() *pflag.FlagSet {
	f.format = "text"
	fs := newFlagSet()
	fs.VarP(choice(&f.gather, "end", "line"), "gather", "b", "group hosts with the same result, `WHEN` all have ended (end) or line by line (line)")
	fs.Lookup("gather").NoOptDefVal = "end"
	fs.BoolVar(&f.diff, "diff", false, "show how hosts differ from the majority")
	fs.BoolVarP(&f.noPrefix, "no-prefix", "N", false, "no host name before each line")
	fs.Var(choice(&f.format, formats...), "format", "`FORMAT` of the results: text, json, jsonl or junit")
	fs.BoolVarP(&f.largest, "status", "S", false, "exit with the largest exit status of a host")
	fs.Var(text(&f.outdir, notEmpty), "outdir", "also write each host's output to a file in `FOLDER`")
	fs.Var(text(&f.errdir, notEmpty), "errdir", "also write each host's errors to a file in `FOLDER`")
	fs.BoolVarP(&f.progress, "progress", "P", false, "show a status line also when output is not live")
	fs.BoolVar(&f.raw, "raw", false, "let control bytes of hosts through to the terminal")
	return fs
}

// forTasks declares those that are for a run of tasks.
func (f *showFlags) forTasks() *pflag.FlagSet {
	fs := f.flags()
	own := newFlagSet()
	for _, name := range []string{"gather", "diff", "no-prefix", "format", "outdir", "errdir", "progress", "raw"} {
		own.AddFlag(fs.Lookup(name))
	}
	own.Lookup("gather").Usage = "show what every step printed, hosts with the same output together"
	own.Lookup("diff").Usage = "show how files change, and how hosts differ from the majority"
	return own
}

// forTransfers declares those that are for files to and from hosts.
func (f *showFlags) forTransfers() *pflag.FlagSet {
	fs := f.flags()
	own := newFlagSet()
	for _, name := range []string{"gather", "no-prefix", "format", "outdir", "errdir", "progress", "raw"} {
		own.AddFlag(fs.Lookup(name))
	}
	own.Lookup("outdir").Usage = "also write what is said of each host to a file in `FOLDER`"
	return own
}

// outputs is what is shown of what steps print.
func (f *showFlags) outputs() output.Outputs {
	switch {
	case f.diff:
		return output.DiffOutputs
	case f.gather != "":
		return output.AllOutputs
	default:
		return output.FailedOutputs
	}
}

func (f *showFlags) check() error {
	switch {
	case f.format != "text" && (f.gather != "" || f.diff || f.noPrefix):
		return badUsage("--format %s has a shape of its own: -b, --diff and -N do not go with it", f.format)
	case f.diff && f.gather == "line":
		return badUsage("--diff compares whole results, so --gather=line does not go with it")
	}
	return nil
}

// checkDetached refuses what is a value of --gather to whoever typed it, and would
// be run on the hosts.
func (f *showFlags) checkDetached(args []string) error {
	if f.gather != "end" || len(args) == 0 || args[0] != "line" && args[0] != "end" {
		return nil
	}
	return &usageError{
		err:  badUsage("%q would be the command that runs on the hosts", args[0]),
		hint: fmt.Sprintf("--gather=%s, with the equals sign; a command of that name goes after --", args[0]),
	}
}

// renderer makes the renderer of x that the flags ask for. stderr stands in for that
// of its app.
func (f *showFlags) renderer(x *execution, stderr io.Writer) output.Renderer {
	a, kind := x.app, x.kind
	stdoutTerminal, stderrTerminal := term.IsTerminal(a.env.stdout), term.IsTerminal(a.env.stderr)
	cfg := output.Config{
		Stdout:       output.Dest{Writer: a.env.stdout, Terminal: stdoutTerminal, Raw: f.raw, Color: a.color(a.env.stdout)},
		Stderr:       output.Dest{Writer: stderr, Terminal: stderrTerminal, Raw: f.raw, Color: a.color(a.env.stderr)},
		Fold:         nodeset.Fold,
		NoPrefix:     f.noPrefix,
		Outputs:      f.outputs(),
		Quiet:        a.global.quiet || kind == kindPlan, // the plan itself says it
		Verbose:      a.global.verbose,
		Live:         term.Live(stderrTerminal, a.env.value) && !a.global.quiet || f.progress && stderrTerminal,
		Width:        func() int { return lineWidth(a.env.stderr) },
		Progress:     x.progress,
		OnWriteError: x.abort,
	}
	switch {
	case f.format == "json":
		return output.NewJSON(cfg)
	case f.format == "jsonl":
		return output.NewJSONL(cfg)
	case f.format == "junit":
		return output.NewJUnit(cfg)
	case kind == kindApply:
		return output.NewTasks(cfg)
	case f.diff:
		return output.NewDiff(cfg)
	case f.gather == "line":
		return output.NewGatherLines(cfg)
	case f.gather != "":
		return output.NewGather(cfg)
	default:
		return output.NewStream(cfg)
	}
}

// lineWidth is how wide a line may be: where nobody looks, a line is a line.
func lineWidth(w io.Writer) int {
	if !term.IsTerminal(w) {
		return math.MaxInt
	}
	width, _ := term.Size(w)
	return width
}

// files makes the sink for --outdir and --errdir; nil where neither is given.
func (f *showFlags) files(failed func(error)) (*output.Files, error) {
	if f.outdir == "" && f.errdir == "" {
		return nil, nil
	}
	files, err := output.NewFiles(f.outdir, f.errdir, failed)
	switch {
	case err == nil:
	case f.errdir == "":
		return nil, fmt.Errorf("--outdir: %w", err)
	case f.outdir == "":
		return nil, fmt.Errorf("--errdir: %w", err)
	default:
		return nil, fmt.Errorf("--outdir, --errdir: %w", err)
	}
	return files, nil
}

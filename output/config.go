package output

import (
	"io"
	"strings"
	"time"

	"fleet/event"
)

// A Dest is one of the two outputs of the process. The zero value discards.
type Dest struct {
	Writer io.Writer
	// Terminal is set when a person looks at it: remote bytes are then made
	// safe, and the status line makes room for what is printed.
	Terminal bool
	// Raw lets remote control bytes through to a terminal.
	Raw bool
	// Color allows fleet's own colors. On a terminal without it, colors of
	// the hosts are removed too.
	Color bool
}

func (d *Dest) sanitize() bool { return d.Terminal && !d.Raw }

// A Config says where and how a renderer prints. The zero value discards
// everything.
type Config struct {
	// Stdout gets the hosts' standard output, or exactly the chosen format.
	Stdout Dest
	// Stderr gets the hosts' standard error and all that fleet says itself.
	Stderr Dest

	// Fold writes a set of host names in short; by default they are joined
	// by commas.
	Fold func(hosts []string) string
	// NoPrefix leaves out the "host: " in front of each line. The output of
	// a single host then passes through unchanged.
	NoPrefix bool
	// Quiet leaves out info notes and the closing summary.
	Quiet bool
	// Verbose above 0 also tells of connections and of complete success.
	Verbose int

	// Outputs says what a renderer of tasks shows of what hosts printed.
	Outputs Outputs

	// Live shows a status line on Stderr, which must be a terminal.
	Live bool
	// Progress, where it is set, is asked for what the status line says of the work
	// itself, such as "412 MB of 2 GB"; "" is nothing. One goroutine asks.
	Progress func(now time.Time) string
	// Width is the width of that terminal in cells; by default 80.
	Width func() int

	// Memory bounds the gathered output held in memory, in bytes; what is
	// more goes to a temporary file. The default is 64 MiB.
	Memory int64
	// TempDir is where that file goes; by default os.TempDir().
	TempDir string

	// OnWriteError is told, once, of the first write that failed. After a
	// failed write to Stdout the renderer takes events and does nothing; after
	// one to Stderr it only stops printing there. It is called from within
	// Emit or Close and must not call the renderer.
	OnWriteError func(error)
}

// A Renderer shows a run. Emit may be called from many goroutines.
type Renderer interface {
	event.Sink
	// Messages is where the program itself prints while the renderer is in
	// use: each Write is printed whole, on Stderr, above the status line.
	Messages() io.Writer
	// Suspend takes the status line away and holds everything back while
	// fn runs, so that fn can ask a question. Fn must not use the renderer.
	Suspend(fn func())
	// Close prints what is still held, such as gathered output when the run
	// ended without a run_end event, and takes the status line away.
	// Failures to write go to OnWriteError; the error is the same one.
	Close() error
}

const defaultMemory = 64 << 20

func (c Config) withDefaults() Config {
	for _, d := range []*Dest{&c.Stdout, &c.Stderr} {
		if d.Writer == nil {
			d.Writer = io.Discard
		}
	}
	if c.Fold == nil {
		c.Fold = func(hosts []string) string { return strings.Join(hosts, ",") }
	}
	if c.Width == nil {
		c.Width = func() int { return 80 }
	}
	if c.Memory <= 0 {
		c.Memory = defaultMemory
	}
	return c
}

package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"

	"fleet/internal/redact"
)

// An app is one invocation of fleet: what all commands share.
type app struct {
	env    env
	global globalFlags
	guided bool         // a command of the demo: what a signal means is decided there
	log    *slog.Logger // never nil; discards until openLog
	logTo  io.Closer    // the file of log, where it is one

	args    []string    // the command line, as it was understood
	typed   *typed      // the same, taken apart
	saved   *savedPlan  // what "fleet apply FILE" carries out; nil for tasks by name
	resumed *resumption // what "fleet runs resume" goes on with; nil for a new run

	handover *handover // of what is to go on in the background; nil for others

	redactor *redact.Redactor // knows what may not be shown
	short    atomic.Bool      // a secret that is too short to be masked was told of
}

func newApp(e env) *app {
	return &app{env: e, log: slog.New(slog.DiscardHandler), redactor: redact.New()}
}

// close releases what the app holds.
func (a *app) close() {
	if a.logTo != nil {
		a.logTo.Close()
	}
}

// openLog makes the log that FLEET_LOG (a level), FLEET_LOG_PATH (a file in
// place of stderr) and -v ask for.
func (a *app) openLog() error {
	var level slog.Level
	name := a.env.value("FLEET_LOG")
	switch {
	case strings.EqualFold(name, "off"), name == "" && a.global.verbose == 0:
		return nil
	case name == "" && a.global.verbose == 1:
		level = slog.LevelInfo
	case name == "", strings.EqualFold(name, "trace"):
		level = slog.LevelDebug
	default:
		if err := level.UnmarshalText([]byte(name)); err != nil {
			return badUsage("FLEET_LOG is %q; it is one of debug, info, warn, error, off", name)
		}
	}
	w := a.env.stderr
	if path := a.env.value("FLEET_LOG_PATH"); path != "" {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("FLEET_LOG_PATH: %w", err)
		}
		w, a.logTo = f, f
	}
	a.log = slog.New(slog.NewTextHandler(a.redactor.Writer(w), &slog.HandlerOptions{Level: level}))
	return nil
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"fleet/event"
	"fleet/internal/term"
	"fleet/inventory"
	"fleet/journal"
)

// stateDir is a folder of fleet in the user's state folder; "" where there is no
// home.
func stateDir(e *env, name string) string {
	state := e.value("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home := e.value("HOME")
		if !filepath.IsAbs(home) {
			return ""
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "fleet", name)
}

// journal is where runs are kept.
func (a *app) journal() (*journal.Store, error) {
	dir := stateDir(&a.env, "runs")
	if dir == "" {
		return nil, errors.New("neither HOME nor XDG_STATE_HOME is set, one of which says where runs are recorded")
	}
	return journal.Open(dir), nil
}

// A record is what the journal keeps of the run. A nil one keeps nothing.
type record struct {
	*journal.Writer
	onError func(error)
	left    atomic.Bool // its end is recorded; what still happens is not
}

// recordRun opens the record of a "fleet run". Where that is not possible, the
// user hears of it, and the run takes place.
func (a *app) recordRun(m journal.Meta, sel *selectionFlags, inv *inventory.Inventory) (*record, error) {
	r, err := a.newRecord(m, sel, inv)
	if err != nil && a.handover != nil {
		return nil, unrecorded(err)
	}
	if err == nil || a.global.quiet {
		return r, nil
	}
	fmt.Fprintf(a.env.stderr, "fleet: warning: the run is not recorded: %s\n", term.Clean(err.Error()))
	return nil, nil
}

// newRecord begins to record a run; nil where FLEET_JOURNAL=off says that nothing
// is to be kept.
func (a *app) newRecord(m journal.Meta, sel *selectionFlags, inv *inventory.Inventory) (*record, error) {
	if a.guided || strings.EqualFold(a.env.value("FLEET_JOURNAL"), "off") {
		return nil, nil
	}
	store, err := a.journal()
	if err != nil {
		return nil, err
	}
	m.PID, m.Version, m.Started = os.Getpid(), readBuildInfo().Version, time.Now()
	if m.Dir, err = os.Getwd(); err != nil {
		m.Dir = ""
	}
	m.Command = a.redactor.String(m.Command)
	if m.Args, err = a.repeatable(sel, inv); err != nil {
		return nil, err
	}
	if a.resumed != nil {
		m.Resumes = a.resumed.ID
	}
	r := &record{}
	r.Writer, err = store.Create(m, journal.Options{OnlyCopy: a.handover != nil, OnError: func(err error) {
		if r.onError != nil {
			r.onError(err)
		}
	}})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Emit implements event.Sink.
func (r *record) Emit(e *event.Event) {
	switch {
	case !r.left.Load():
		r.Writer.Emit(e)
	case e.Type == event.StepStart:
		select {} // what is not recorded must not be sent; the process is about to end
	}
}

// id is the name of the run in the journal; "" where it is not recorded.
func (r *record) id() string {
	if r == nil {
		return ""
	}
	return r.ID()
}

// close ends the record.
func (r *record) close() error {
	if r == nil {
		return nil
	}
	return r.Close()
}

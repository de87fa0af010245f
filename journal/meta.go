package journal

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Kind is what was run.
type Kind string

// The kinds.
const (
	KindRun   Kind = "run"   // one command: fleet run
	KindApply Kind = "apply" // tasks: fleet apply
	KindPush  Kind = "push"  // files to hosts: fleet push
	KindPull  Kind = "pull"  // files from hosts: fleet pull
)

// format is the form of the files; a reader refuses a later one.
const format = 1

// Meta is what was asked for, and of whom. [Store.Create] fills in Format, and
// ID, PID, Machine and Started where they are not set.
type Meta struct {
	Format  int    `json:"format"`
	ID      string `json:"id"` // when it began, in UTC, to the millisecond, and three random digits
	Kind    Kind   `json:"kind"`
	Command string `json:"command"` // as typed, masked
	Dir     string `json:"dir"`     // the working directory
	// Args do it again. They hold no secret.
	Args    []string          `json:"args,omitempty"`
	Tasks   []string          `json:"tasks,omitempty"`
	Hosts   []string          `json:"hosts,omitempty"`
	Inputs  map[string]string `json:"inputs,omitempty"` // file -> SHA-256
	PID     int               `json:"pid"`
	Machine string            `json:"machine"` // where fleet runs, by its own name
	Version string            `json:"version,omitempty"`
	Started time.Time         `json:"started"`
	Resumes string            `json:"resumes,omitempty"` // the run that it goes on with
}

// The files of a run.
const (
	metaFile   = "run.json" // locked as long as the run is recorded
	eventsFile = "events.jsonl"
	claimFile  = "resumed" // holds the ID of the run that goes on with it
	logsDir    = "logs"
	logExt     = ".log"
)

// complete fills in what the caller left out.
func (m *Meta) complete(now time.Time) {
	m.Format = format
	if m.Started.IsZero() {
		m.Started = now
	}
	m.Started = m.Started.UTC()
	if m.ID == "" {
		m.ID = newID(m.Started)
	}
	if m.PID == 0 {
		m.PID = os.Getpid()
	}
	if m.Machine == "" {
		m.Machine, _ = os.Hostname()
	}
}

// idTime is the first part of an ID.
const idTime = "20060102-150405"

func newID(at time.Time) string {
	var last [3]byte
	_, _ = rand.Read(last[:]) // it does not fail
	// The first three digits are the fraction of the second, so that runs of
	// the same second are in order.
	part := at.Nanosecond() / (1_000_000_000/0x1000 + 1)
	last[0], last[1] = byte(part>>4), byte(part<<4)|last[1]&0xf
	return at.UTC().Format(idTime) + "-" + hex.EncodeToString(last[:])
}

// parseID tells in which second the run of that ID began, and its last part. Names of
// other folders are not ok.
func parseID(id string) (began time.Time, random string, ok bool) {
	if len(id) != len(idTime)+len("-ab12cd") || id[len(idTime)] != '-' {
		return began, "", false
	}
	random = id[len(idTime)+1:]
	for _, c := range random {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return began, "", false
		}
	}
	began, err := time.Parse(idTime, id[:len(idTime)])
	return began, random, err == nil
}

// readMeta reads what the run in a folder is. One that has not said so yet, or
// died before it could, is fs.ErrNotExist.
func readMeta(folder string) (*Meta, error) {
	path := filepath.Join(folder, metaFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, failed("read", path, err)
	}
	m := new(Meta)
	err = json.Unmarshal(b, m)
	if cut, ok := errors.AsType[*json.SyntaxError](err); ok && int(cut.Offset) >= len(b) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, failed("read", path, err)
	}
	if m.Format > format {
		return nil, fmt.Errorf("%q was written by a later version of fleet", path)
	}
	if m.ID != filepath.Base(folder) {
		return nil, fmt.Errorf("%q is about another run: %q", path, m.ID)
	}
	return m, nil
}

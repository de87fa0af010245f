package journal

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fleet/event"
)

func TestWhatWasRecordedIsReadAgain(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "state", "runs"))
	want := []event.Event{
		{Type: event.RunStart, Hosts: []string{"web1"}, Command: "apply"},
		{Type: event.TaskStart, Task: "deploy", Hosts: []string{"web1"}, Batches: 1},
		{Type: event.StepStart, Task: "deploy", Host: "web1", Section: event.Steps, Step: "unpack", Batch: 1},
		{
			Type: event.StepEnd, Task: "deploy", Host: "web1", Section: event.Steps, Step: "unpack", Batch: 1, Outcome: event.OK,
			Attempt: 1, Changed: true, Notify: []string{"restart"}, Result: &event.Result{Stdout: "17 files\n"}, Duration: time.Second,
		},
		{Type: event.HostEnd, Host: "web1", Outcome: event.OK, Duration: time.Second},
		{Type: event.RunEnd, Summary: &event.Summary{Counts: map[event.Outcome]int{event.OK: 1}}, Duration: time.Second},
	}
	m := Meta{
		Kind: KindApply, Command: "fleet apply deploy", Dir: "/srv/site", Args: []string{"apply", "deploy"}, Tasks: []string{"deploy"},
		Hosts: []string{"web1"}, Inputs: map[string]string{"site.fleet.hcl": "ab"}, Version: "1", Started: at(0),
	}
	r := finished(t, s, m, want...)

	m.complete(at(0))
	m.ID = r.ID
	if diff := cmp.Diff(m, r.Meta); diff != "" {
		t.Errorf("what was asked for (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(r.ID, "20261123-110500-") {
		t.Errorf("the ID is %q", r.ID)
	}
	if r.Status != OK || r.Ended != at(5) || r.Summary.Counts[event.OK] != 1 {
		t.Errorf("it is %q, ended %v, with %+v", r.Status, r.Ended, r.Summary)
	}
	var got []event.Event
	if err := r.Events(func(e *event.Event) error { got = append(got, *e); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestNobodyElseMayRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // folders of the user's profile are private
	}
	dir := filepath.Join(t.TempDir(), "runs")
	finished(t, Open(dir), Meta{Kind: KindApply}, event.Event{Type: event.StepEnd, Host: "a", Outcome: event.Failed})
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		n++
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		return nil
	})
	if err != nil || n != 6 {
		t.Errorf("%d files, %v", n, err)
	}
}

func TestRunsAreFoundByPartOfTheirID(t *testing.T) {
	s := Open(t.TempDir())
	for i, id := range []string{"20261123-110512-ab12cd", "20261123-110513-ab34ef", "20261124-000000-2026ff"} {
		finished(t, s, Meta{Kind: KindRun, ID: id, Started: at(i)})
	}
	for _, tt := range []struct{ part, want, err string }{
		{"", "20261124-000000-2026ff", ""},
		{"20261123-110512-ab12cd", "20261123-110512-ab12cd", ""},
		{"20261123-110513", "20261123-110513-ab34ef", ""},
		{"ab3", "20261123-110513-ab34ef", ""},
		{"20261124", "20261124-000000-2026ff", ""},
		{"2026", "", `"2026" may be one of 3 runs: 20261124-000000-2026ff, 20261123-110513-ab34ef, 20261123-110512-ab12cd`},
		{"ab", "", `"ab" may be one of 2 runs: 20261123-110513-ab34ef, 20261123-110512-ab12cd`},
		{"x", "", `there is no run "x"; the last ones are 20261124-000000-2026ff, 20261123-110513-ab34ef, 20261123-110512-ab12cd`},
		{"../runs", "", `there is no run "../runs"; the last ones are 20261124-000000-2026ff, 20261123-110513-ab34ef, 20261123-110512-ab12cd`},
	} {
		r, err := s.Find(tt.part)
		switch {
		case tt.err != "" && (err == nil || err.Error() != tt.err):
			t.Errorf("%q: got the error %v, want %s", tt.part, err, tt.err)
		case tt.err == "" && (err != nil || r.ID != tt.want):
			t.Errorf("%q: got %+v, %v, want %s", tt.part, r, err, tt.want)
		}
	}
	runs, err := s.List()
	if err != nil || len(runs) != 3 || runs[0].ID != "20261124-000000-2026ff" || runs[2].ID != "20261123-110512-ab12cd" {
		t.Errorf("the list is %+v, %v", runs, err)
	}
}

func TestAStoreThatIsNotThereIsEmpty(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "none"))
	if runs, err := s.List(); err != nil || len(runs) != 0 {
		t.Errorf("the list is %v, %v", runs, err)
	}
	for part, want := range map[string]string{"": "no run was recorded by now", "x": `there is no run "x": none was recorded by now`} {
		if _, err := s.Find(part); err == nil || err.Error() != want {
			t.Errorf("%q: got the error %v, want %s", part, err, want)
		}
	}
}

func TestAListNamesWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir)
	good := finished(t, s, Meta{Kind: KindRun})
	for id, meta := range map[string]string{
		"20261123-110512-000001": `{"id":}` + "\n",
		"20261123-110512-000002": `{"id":"20261123-110512-000003"}`,
		"20261123-110512-000004": `{"format":99,"id":"20261123-110512-000004"}`,
	} {
		if err := os.Mkdir(filepath.Join(dir, id), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id, metaFile), []byte(meta), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for id, meta := range map[string]string{"20261123-110512-000005": "", "20261123-110512-000006": `{"id": "2026`} { // they begin
		if err := os.Mkdir(filepath.Join(dir, id), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id, metaFile), []byte(meta), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := s.List()
	if len(runs) != 1 || runs[0].ID != good.ID {
		t.Errorf("the list is %+v", runs)
	}
	for _, id := range []string{"000001", "000002", "000004"} {
		if err == nil || !strings.Contains(err.Error(), id) {
			t.Errorf("the error does not name %s: %v", id, err)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "000005") || strings.Contains(err.Error(), "000006")) {
		t.Errorf("a run that begins is an error: %v", err)
	}
}

func TestARunThatCannotBeRecordedLeavesNothing(t *testing.T) {
	s := Open(t.TempDir())
	s.open = func(*os.Root, string) (file, error) {
		return nil, &fs.PathError{Op: "openat", Path: eventsFile, Err: errNoSpace}
	}
	_, err := s.Create(Meta{Kind: KindApply, ID: "20261123-110512-ab12cd"}, Options{})
	want := fmt.Sprintf("record the run: make %q: %v", filepath.Join(s.dir, "20261123-110512-ab12cd", eventsFile), errNoSpace)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) != 0 {
		t.Errorf("there are %v, %v", entries, err)
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file).Create(Meta{}, Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("in the place of a file: %v", err)
	}
	if _, err := s.Create(Meta{ID: "../x"}, Options{}); err == nil {
		t.Error("a path is taken for an ID")
	}
}

func TestIDs(t *testing.T) {
	id := newID(at(12).In(time.FixedZone("", 3600)))
	if began, random, ok := parseID(id); !ok || began != at(12) || len(random) != 6 {
		t.Errorf("%q began %v, random part %q, %v", id, began, random, ok)
	}
	for _, id := range []string{"", "20261123-110512", "20261123-110512-ab12c", "20261123-110512-ab12cd0", "20261123-110512-AB12CD", "20261323-110512-ab12cd", "20261123-110512_ab12cd", ".", "20261123-110512-ab/2cd"} {
		if _, _, ok := parseID(id); ok {
			t.Errorf("%q passes", id)
		}
	}
}

func TestRunsOfTheSameSecondAreInOrder(t *testing.T) {
	second := time.Date(2026, 11, 23, 11, 5, 12, 0, time.UTC)
	before := ""
	for ms := range 1000 {
		id := newID(second.Add(time.Duration(ms) * time.Millisecond))
		if _, _, ok := parseID(id); !ok || id[:19] <= before {
			t.Fatalf("%s comes after %s", id, before)
		}
		before = id[:19]
	}
}

func TestOnlyOneRunGoesOnWithARun(t *testing.T) {
	s := Open(t.TempDir())
	create := func(resumes string) (*Writer, error) {
		return s.Create(Meta{Kind: KindApply, Resumes: resumes}, Options{})
	}
	first, err := create("")
	if err != nil {
		t.Fatal(err)
	}
	_ = first.Close()
	second, err := create(first.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	if _, err := create(first.ID()); err == nil || !strings.Contains(err.Error(), second.ID()) {
		t.Errorf("a third run goes on with the first: %v, want an error that names %s", err, second.ID())
	}
	if runs, err := s.List(); err != nil || len(runs) != 2 {
		t.Errorf("there are %d runs, want 2: %v", len(runs), err)
	}
}

package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// entries lists a folder.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestOldRunsAreRemovedByCountOfTheirKind(t *testing.T) {
	s := Open(t.TempDir())
	finished(t, s, Meta{Kind: KindApply, ID: "29990101-000000-000000"})
	for _, id := range []string{"29990102-000000-000000", "29990103-000000-000000", "29990104-000000-000000"} {
		finished(t, s, Meta{Kind: KindRun, ID: id})
	}
	w, err := s.Create(Meta{Kind: KindRun, ID: "29990105-000000-000000"}, Options{MaxRuns: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"29990101-000000-000000", "29990104-000000-000000", "29990105-000000-000000"}
	if got := entries(t, s.dir); !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
}

func TestManyRunsAreRemovedSomeAtATime(t *testing.T) {
	s := Open(t.TempDir())
	for i := range 20 {
		finished(t, s, Meta{Kind: KindRun, ID: fmt.Sprintf("29990101-0000%02d-000000", i)})
	}
	for i, want := range []int{21, 20, 21, 20} {
		w, err := s.Create(Meta{Kind: KindRun, ID: fmt.Sprintf("29990102-0000%02d-000000", i)}, Options{MaxRuns: 20})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := entries(t, s.dir); len(got) != want {
			t.Errorf("after %d more there are %d runs, want %d", i+1, len(got), want)
		}
	}
	want := []string{"29990102-000000-000000", "29990102-000001-000000", "29990102-000002-000000", "29990102-000003-000000"}
	if got := entries(t, s.dir); got[0] != "29990101-000004-000000" || !slices.Equal(got[16:], want) {
		t.Errorf("left are %v", got)
	}
}

func TestOnlyRunsThatHaveEndedAreRemoved(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir)
	old := begin(t, s, Meta{Kind: KindRun, ID: "20010101-000000-000001"}) // it runs
	for _, name := range []string{"20010101-000000-000002", "20010101-000000-00000X", "mine"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, metaFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "20010101-000000-000003")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "20010101-000000-000004"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	others := entries(t, dir)

	first := finished(t, s, Meta{Kind: KindRun})
	want := append(slices.Clone(others), first.ID)
	slices.Sort(want)
	if got := entries(t, dir); !slices.Equal(got, want) {
		t.Errorf("left are %v", got)
	}
	if got := entries(t, elsewhere); !slices.Equal(got, []string{metaFile}) {
		t.Errorf("behind the link there is %v", got)
	}

	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	second := finished(t, s, Meta{Kind: KindRun, ID: "29990101-000000-000000"})
	if got := entries(t, dir); slices.Contains(got, old.ID()) || !slices.Contains(got, first.ID) || !slices.Contains(got, second.ID) {
		t.Errorf("when it has ended, left are %v", got)
	}
}

//go:build !windows

package transfer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fleet/transport"
)

// lose has what is asked for be done, and its answer, to the op for which when is true,
// be lost; at most once.
func lose(r *Remote, when func(op) bool) {
	lost := false
	r.sys = watched{system: r.sys, after: func(o op, err error) error {
		if lost || !when(o) {
			return err
		}
		lost = true
		return errCut
	}}
}

// What is in the way of the new is moved into the stage; it is put back before that is
// removed.
func TestSyncPutsBackWhatWasInTheWay(t *testing.T) {
	source := plant(t, map[string]string{"a": "file"})
	tree := openTree(t, source+"/")
	h := embeddedHost(t)
	plantOne(t, h.local("to"), "a/inside", "1")
	o := &SyncOptions{Destination: h.path("to"), Delete: true}

	r := h.open(t)
	lose(r, func(o op) bool {
		if o.what != rename || !strings.Contains(o.to, "/"+asideMark) {
			return false
		}
		// The second try finds nothing to send.
		if err := os.WriteFile(filepath.Join(source, "a"), []byte("other"), 0o644); err != nil {
			t.Error(err)
		}
		return true
	})
	if _, err := r.Sync(t.Context(), tree, o); err == nil {
		t.Error("a tree that changes is no error")
	}
	if content, err := os.ReadFile(h.local("to/a/inside")); err != nil || string(content) != "1" {
		t.Errorf("what was there: %q, %v", content, err)
	}
	nothingLeft(t, h.local("."))
}

func TestSyncKeepsWhatItCannotPutBack(t *testing.T) {
	h := embeddedHost(t)
	plantOne(t, h.local("to"), "a/inside", "1")
	link := &cuttable{Transport: h.Transport}
	h.Transport = link
	r := h.open(t)
	r.sys = watched{system: r.sys, before: func(op) {
		if link.cut {
			_ = r.sys.close()
		}
	}, after: func(o op, err error) error {
		if o.what == rename && strings.Contains(o.to, "/"+asideMark) {
			link.cut = true
		}
		if link.cut {
			return errCut
		}
		return err
	}}
	o := &SyncOptions{Destination: h.path("to"), Delete: true}
	_, err := r.Sync(t.Context(), openTree(t, plant(t, map[string]string{"a": "file"})+"/"), o)
	if transport.KindOf(err) != transport.KindLost || !strings.Contains(err.Error(), "may hold what was at") {
		t.Errorf("got %v", err)
	}
	// Nor does a later one take it for rubbish.
	link.cut = false
	stages, _ := filepath.Glob(h.local("to/.fleet-*"))
	if len(stages) != 1 {
		t.Fatalf("got %q", stages)
	}
	then := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(stages[0], then, then); err != nil {
		t.Fatal(err)
	}
	report := syncTree(t, h.open(t), plant(t, map[string]string{"b": "file"})+"/", o)
	if content, err := os.ReadFile(stages[0] + "/" + asideMark + "0/inside"); err != nil || string(content) != "1" {
		t.Errorf("what was there: %q, %v", content, err)
	}
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "holds what was here before") {
		t.Errorf("notes: %q", report.Notes)
	}
}

// What was done is a change, also where the host's answer was lost.
func TestSyncReportsWhatWasDoneBeforeTheLinkWasLost(t *testing.T) {
	for name, when := range map[string]func(op) bool{
		"places":    func(o op) bool { return o.what == rename },
		"deletions": func(o op) bool { return o.what == remove },
		"folders":   func(o op) bool { return o.what == chtimes && strings.HasSuffix(o.path, "/d") },
	} {
		t.Run(name, func(t *testing.T) {
			h := embeddedHost(t)
			source := plant(t, map[string]string{"a": "new", "d/b": "1", "e/c": "1"})
			then := time.Unix(1_000_000_000, 0)
			if err := os.Chtimes(filepath.Join(source, "d"), then, then); err != nil {
				t.Fatal(err)
			}
			for name, content := range map[string]string{"a": "old", "d/b": "2", "d/gone": "1"} {
				plantOne(t, h.local("to"), name, content)
			}
			r, m := h.open(t), &Meter{}
			lose(r, when)
			o := &SyncOptions{Destination: h.path("to"), Delete: true, Options: Options{Meter: m}}
			report := syncTree(t, r, source+"/", o)
			want := []string{"updated a", "updated d/b", "deleted d/gone", "created e", "created e/c"}
			if diff := cmp.Diff(want, said(report, h.path("to"))); diff != "" || report.Files != 3 || report.Deleted != 1 || report.Total != 5 {
				t.Errorf("%d files, %d deleted, %d in all: %s", report.Files, report.Deleted, report.Total, diff)
			}
			if p := m.Progress(); p.FilesDone != p.Files || p.BytesDone != p.Bytes {
				t.Errorf("progress %+v", p)
			}
			sameTree(t, source, h.local("to"))
		})
	}
}

// What was deleted before an error is reported.
func TestSyncReportsWhatItDeletedBeforeAnError(t *testing.T) {
	h := embeddedHost(t)
	for _, name := range []string{"x/1", "x/2", "y"} {
		plantOne(t, h.local("to"), name, "1")
	}
	r := h.open(t)
	r.sys = watched{system: r.sys, before: func(o op) {
		if o.what == rmdir && strings.HasSuffix(o.path, "/x") {
			plantOne(t, h.local("to"), "x/3", "1")
		}
	}}
	report, err := r.Sync(t.Context(), openTree(t, plant(t, map[string]string{"a": "1"})+"/"), &SyncOptions{Destination: h.path("to"), Delete: true})
	if err == nil {
		t.Error("a folder that cannot be removed is no error")
	}
	want := []string{"created a", "deleted x/1", "deleted x/2", "deleted y"}
	if diff := cmp.Diff(want, said(report, h.path("to"))); diff != "" {
		t.Error(diff)
	}
}

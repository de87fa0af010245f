package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"fleet/pool/transfer"
)

func TestWhatCameOfATransferIsTold(t *testing.T) {
	one := func(w transfer.What) *transfer.Report {
		return &transfer.Report{Changes: []transfer.Change{{Path: "/opt/a\nb", What: w}}, Total: 1, Files: 1, Bytes: 10}
	}
	tree := &transfer.Report{
		Changes: []transfer.Change{{Path: "/srv/new", What: transfer.Created}, {Path: "/srv/mode", What: transfer.Adjusted}, {Path: "/srv/old", What: transfer.Deleted}},
		Total:   5, Deleted: 1, Unchanged: 4988, Bytes: 1_200_000, Notes: []string{"a note"},
	}
	kept := one(transfer.Updated)
	kept.Backups = []string{"/opt/a.old"}
	for _, tt := range []struct {
		name    string
		say     teller
		size    int64
		report  *transfer.Report
		out, to string
	}{
		{"a new file", teller{}, 1_234_567, one(transfer.Created), "a -> /opt/x: created, 1.23 MB\n", ""},
		{"planned", teller{dryRun: true}, 10, one(transfer.Created), "a -> /opt/x: would be created, 10 B\n", ""},
		{"its mode alone", teller{}, 10, one(transfer.Adjusted), "a -> /opt/x: mode, owner or time adjusted\n", ""},
		{"nothing to do", teller{each: true}, 10, &transfer.Report{Unchanged: 1}, "a -> /opt/x: unchanged\n", ""},
		{"with a backup", teller{each: true}, 10, kept, "a -> /opt/x: updated, 10 B, the old one kept\n  kept /opt/a.old\n", ""},
		{"a folder", teller{}, -1, tree, "a -> /opt/x: 4 changed, 1 deleted, 4988 unchanged, 1.2 MB\n", "note: a note\n"},
		{
			"a folder, each path",
			teller{each: true, dryRun: true},
			-1, tree,
			"a -> /opt/x: 4 would change, 1 would be deleted, 4988 unchanged, 1.2 MB\n  create /srv/new\n  adjust /srv/mode\n  delete /srv/old\n  and 2 more\n", "note: a note\n",
		},
		{"a hostile name", teller{each: true}, -1, one(transfer.Deleted), "a -> /opt/x: 1 changed, 0 unchanged, 10 B\n  deleted /opt/a\\nb\n", ""},
	} {
		var stdout, stderr bytes.Buffer
		tt.say.stdout, tt.say.stderr = &stdout, &stderr
		tt.say.item("a", "/opt/x", tt.size, tt.report)
		if stdout.String() != tt.out || stderr.String() != tt.to {
			t.Errorf("%s: got %q and %q, want %q and %q", tt.name, stdout.String(), stderr.String(), tt.out, tt.to)
		}
	}
}

func TestHostsWithOtherFoldersSayTheSame(t *testing.T) {
	var said []string
	for _, home := range []string{"/one", "/other"} {
		var stdout bytes.Buffer
		say := teller{stdout: &stdout, alike: true, each: true}
		say.item("site/", "www", -1, &transfer.Report{
			Path: home + "/www", Changes: []transfer.Change{{Path: home + "/www/x", What: transfer.Created}}, Total: 1,
			Diffs: []transfer.Diff{{Path: home + "/www/x", After: []byte("x\n")}},
		})
		said = append(said, stdout.String())
	}
	if said[0] != said[1] || !strings.Contains(said[0], "  created www/x\n") || !strings.Contains(said[0], "+++ www/x\n") {
		t.Errorf("they said %q", said)
	}
}

func TestWhatWasDoneBeforeAnErrorIsTold(t *testing.T) {
	some := &transfer.Report{
		Changes: []transfer.Change{{Path: "/srv/old", What: transfer.Deleted}}, Total: 1, Deleted: 1, Unchanged: 2, Notes: []string{"a part is left"},
	}
	for _, tt := range []struct {
		name   string
		size   int64
		report *transfer.Report
		out    string
	}{
		{"a folder", -1, some, "a -> /opt/x: incomplete: 1 deleted, 2 unchanged\n  deleted /srv/old\n"},
		{"a folder that is as it was", -1, &transfer.Report{Notes: some.Notes}, ""},
		{"a file", 10, some, ""},
	} {
		var stdout, stderr bytes.Buffer
		say := teller{stdout: &stdout, stderr: &stderr, each: true}
		say.outcome(errors.New("it is full"))("a", "/opt/x", tt.size, tt.report)
		if stdout.String() != tt.out || stderr.String() != "note: a part is left\n" {
			t.Errorf("%s: got %q and %q", tt.name, stdout.String(), stderr.String())
		}
	}
}

func TestTheFirstFailureIsTheErrorOfTheHost(t *testing.T) {
	var stderr bytes.Buffer
	say := &teller{stderr: &stderr}
	denied := errors.New("permission denied; hint: -s writes as root")
	if err := say.failures([]failedItem{{"a", denied}}, 1); err.Error() != "permission denied; hint: -s writes as root" {
		t.Errorf("of one: %v", err)
	}
	err := say.failures([]failedItem{{"a", denied}, {"b", errors.New("no space left")}}, 3)
	if err.Error() != "a: permission denied (and 1 more failure); hint: -s writes as root" {
		t.Errorf("of several: %v", err)
	}
	if !errors.Is(err, denied) || stderr.String() != "b: no space left\n" {
		t.Errorf("it said %q", stderr.String())
	}
}

func TestWhereAPullGoes(t *testing.T) {
	for _, tt := range []struct {
		local, root, rest string
		byName            bool
	}{
		{"logs", "logs", "{host}/", false},
		{"/var/out/", "/var/out/", "{host}/", false},
		{".", ".", "{host}/", false},
		{"{host}", ".", "{host}", true},
		{"out/{host}/", "out/", "{host}/", false},
		{"out/x-{host}.log", "out/", "x-{host}.log", true},
		{"/{host}/log", "/", "{host}/log", true},
	} {
		got, err := readTarget([]string{"/var/log/syslog"}, tt.local)
		if err != nil || got.root != tt.root || got.rest != tt.rest || got.byName != tt.byName {
			t.Errorf("%q: got %+v (%v)", tt.local, got, err)
		}
	}
}

func TestHintsAreTakenOutOfErrors(t *testing.T) {
	for text, want := range map[string][2]string{
		"it is full":                     {"it is full", ""},
		"no right; hint: use sudo":       {"no right", "use sudo"},
		"put x: no right (hint: use -s)": {"put x: no right", "use -s"},
		"a (hint: b): c":                 {"a: c", "b"},
		"a; hint: b\nc\nd (hint: e)":     {"a; c; d", "b"},
	} {
		if message, hint := splitHint(text); message != want[0] || hint != want[1] {
			t.Errorf("%q: got %q, %q", text, message, hint)
		}
	}
}

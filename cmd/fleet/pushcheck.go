package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fleet/internal/lang"
	"fleet/inventory"
)

// look makes sure that all there is to send is there, and that it can go where it
// is to go.
func (p *pushPlan) look(hosts []*inventory.Host, remote string) error {
	var (
		wrong   mistakes
		folders []string // one LOCAL for each
		files   int
	)
	for _, c := range p.parcels {
		some := hosts
		if !c.varies() {
			some = hosts[:1]
		}
		folder := false
		for _, h := range some {
			isFolder, err := lookLocal(c.local, h.Name, remote)
			switch {
			case err != nil && !c.varies():
				return err
			case err != nil:
				wrong.add(h.Name, err)
			}
			folder = folder || isFolder
		}
		if folder {
			folders = append(folders, c.local)
		} else {
			files++
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	if err := p.flags.fit(folders, files); err != nil {
		return err
	}
	return p.settle(folders)
}

// lookLocal reports whether LOCAL is a folder for a host. What is neither that nor a
// file cannot be sent.
func lookLocal(local, host, remote string) (folder bool, err error) {
	info, err := os.Stat(filepath.Clean(forHost(local, host))) // a file with a slash is told below
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, &usageError{err: fmt.Errorf("%q does not exist here", local), hint: missingHint(local, remote)}
	case err != nil:
		return false, err
	case info.IsDir():
		return true, nil
	case strings.HasSuffix(local, "/"):
		return false, badUsage("%q is not a folder", local)
	case !info.Mode().IsRegular():
		return false, badUsage("%q is neither a file nor a folder, and cannot be pushed", local)
	}
	return false, nil
}

// missingHint says what may have been meant by a LOCAL that is not there.
func missingHint(name, remote string) string {
	dir, base := filepath.Split(strings.TrimRight(name, "/"))
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err == nil {
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.Name()
		}
		if near := lang.Suggest(base, names); near != "" {
			return fmt.Sprintf("did you mean %q?", dir+near)
		}
	}
	if _, err := os.Stat(remote); err == nil {
		return "the files of this machine come first, and where they go on the hosts comes last"
	}
	return ""
}

// fit refuses flags that mean nothing to what is sent.
func (f *pushFlags) fit(folders []string, files int) error {
	for _, flag := range []struct {
		name  string
		given bool
		files bool // it is for files, else for folders
	}{
		{"--delete", f.remove, false},
		{"--ignore", len(f.ignore) > 0, false},
		{"--backup", f.backup, true},
		{"--validate", f.validate != "", true},
		{"--follow", f.follow, true},
	} {
		switch {
		case !flag.given:
		case flag.files && len(folders) > 0:
			return badUsage("%s is for single files, and %q is a folder", flag.name, folders[0])
		case !flag.files && len(folders) == 0:
			return badUsage("%s is for folders, and there is none among what is pushed", flag.name)
		}
	}
	if f.remove && (len(folders) > 1 || files > 0) {
		return badUsage("--delete goes with one folder alone: it would delete what else is pushed into the same place")
	}
	return nil
}

// settle says where each parcel goes, and refuses what has no sense or two of them.
func (p *pushPlan) settle(folders []string) error {
	remote := p.parcels[0].remote
	taken := map[string]string{}
	for _, c := range p.parcels {
		folder := slices.Contains(folders, c.local)
		if folder && isDots(c.local) {
			c.local += "/" // as with rsync: it has no name of its own
		}
		content := folder && strings.HasSuffix(c.local, "/")
		base := filepath.Base(c.local)
		switch {
		case content && p.flags.remove && (isDots(remote) || strings.Trim(remote, "/") == "" || strings.TrimRight(remote, "/") == "~"):
			return &usageError{err: badUsage("--delete would leave nothing in %q but what is in %q", remote, c.local), hint: "name a folder of its own for it"}
		case content:
			continue
		case folder && base == path.Base(remote) && !strings.HasSuffix(remote, "/"):
			return &usageError{
				err:  badUsage("%q would become %q", c.local, path.Join(remote, base)),
				hint: fmt.Sprintf("for its content to go to %q, end LOCAL with a slash: %s/; for the folder to go into it: %s/", remote, c.local, remote),
			}
		case taken[base] != "":
			return badUsage("%q and %q would both become %q", taken[base], c.local, path.Join(remote, base))
		}
		taken[base] = c.local
		if !folder && len(p.parcels) > 1 && !strings.HasSuffix(c.remote, "/") {
			c.remote += "/" // several files go into a folder
		}
	}
	return nil
}

// isDots reports whether a path ends in . or .., which are no names.
func isDots(name string) bool {
	base := path.Base(strings.TrimRight(filepath.ToSlash(name), "/"))
	return strings.Trim(name, "/") != "" && (base == "." || base == "..")
}

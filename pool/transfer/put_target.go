package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// maxLinks is how many links lead to a file, one after the other, before it is taken
// for a circle; as in Linux.
const maxLinks = 40

// locate finds out where the file goes, and what is there.
func (p *putting) locate(ctx context.Context) error {
	path, err := p.r.resolve(p.o.Destination)
	if err != nil {
		return err
	}
	folder := strings.HasSuffix(path, "/")
	if folder {
		path = trimSlashes(path)
		if err := p.isFolder(ctx, path); err != nil {
			return err
		}
		if path, err = p.inside(path); err != nil {
			return err
		}
	}
	begin := time.Now()
	is, err := p.look(ctx, path)
	if err != nil {
		return err
	}
	p.trip = time.Since(begin)
	if p.o.Into && !folder && p.leadsToFolder(ctx, is) {
		if path, err = p.inside(path); err != nil {
			return err
		}
		if is, err = p.look(ctx, path); err != nil {
			return err
		}
	}
	p.path, p.old = path, is
	if is != nil && is.kind == aLink && p.o.Follow {
		return p.follow(ctx)
	}
	return refusal(is)
}

// look is what is at path; nil where nothing is.
func (p *putting) look(ctx context.Context, path string) (*info, error) {
	is, err := p.r.sys.lstat(ctx, path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) {
		return nil, nil // folderError tells the two apart
	}
	if err != nil {
		return nil, err
	}
	return &is, nil
}

// inside is the path of the source in a folder.
func (p *putting) inside(folder string) (string, error) {
	switch name := p.src.Name(); name {
	case "", ".", "..", "/":
		return "", errors.New("the source has no name to keep; hint: give the whole path of the file")
	default:
		return joinPath(folder, name), nil
	}
}

func (p *putting) isFolder(ctx context.Context, path string) error {
	is, err := p.r.sys.stat(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %q is not on the host; hint: make it first, or leave out the / at the end for a file of that name", path)
	case err != nil:
		return err
	case is.kind != aFolder:
		return fmt.Errorf("%q is not a folder", path)
	}
	return nil
}

func (p *putting) leadsToFolder(ctx context.Context, is *info) bool {
	if is == nil || is.kind != aLink {
		return is != nil && is.kind == aFolder
	}
	to, err := p.r.sys.stat(ctx, is.path)
	return err == nil && to.kind == aFolder
}

// folder is an error where there is no folder to write a new file in.
func (p *putting) folder(ctx context.Context) error {
	if p.old != nil {
		return nil
	}
	folder, _ := cutPath(p.path)
	is, err := p.r.sys.stat(ctx, folder)
	if err == nil && is.kind != aFolder {
		err = errNotDir
	}
	if err != nil {
		return p.folderError(ctx, err)
	}
	return nil
}

// folderError says why nothing can be written next to the target.
func (p *putting) folderError(ctx context.Context, err error) error {
	folder, _ := cutPath(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		// A server says so as well of a file that is in the place of the folder, and of
		// folders such as /proc that take nothing.
		switch is, look := p.r.sys.stat(ctx, folder); {
		case look == nil && is.kind == aFolder:
			return fmt.Errorf("folder %q takes no new files", folder)
		case look == nil, errors.Is(look, errNotDir):
			err = errNotDir
		}
	}
	switch {
	case errors.Is(err, errNotDir):
		return fmt.Errorf("%q is not a folder", folder)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %q is not on the host; hint: make it first", folder)
	case errors.Is(err, errReadOnly): // nobody may write there
		return fmt.Errorf("folder %q: %w", folder, errReadOnly)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no right to write in folder %q: %w; hint: use sudo", folder, fs.ErrPermission)
	}
	return err
}

// trimSlashes takes the slashes off the end of a path, but not off that of the root.
func trimSlashes(path string) string {
	if short := strings.TrimRight(path, "/"); short != "" {
		return short
	}
	return "/"
}

// cutPath is a path's folder and the name in it.
func cutPath(path string) (folder, name string) {
	i := strings.LastIndexByte(path, '/')
	switch i {
	case -1:
		return ".", path
	case 0:
		return "/", path[1:]
	default:
		return path[:i], path[i+1:]
	}
}

// joinPath does not clean what it joins: ".." after a link is not where it was before.
func joinPath(folder, name string) string {
	switch folder {
	case ".":
		return name
	case "/":
		return "/" + name
	default:
		return folder + "/" + name
	}
}

// follow goes to the file that the target leads to.
func (p *putting) follow(ctx context.Context) error {
	first := p.path
	for range maxLinks {
		path := p.old.link
		if !strings.HasPrefix(path, "/") {
			folder, _ := cutPath(p.path)
			path = joinPath(folder, path)
		}
		is, err := p.look(ctx, path)
		if err != nil {
			return err
		}
		if is == nil {
			return fmt.Errorf("the symbolic link leads to %q, which is not there", path)
		}
		p.path, p.old = path, is
		if is.kind != aLink {
			return refusal(is)
		}
	}
	return fmt.Errorf("the symbolic links from %q on lead nowhere", first)
}

// refusal is an error where what is there is not to be replaced by a file.
func refusal(is *info) error {
	switch {
	case is == nil || is.kind == aFile:
		return nil
	case is.kind == aLink:
		return fmt.Errorf("it is a symbolic link to %q; hint: name the file it leads to, or ask to follow it: follow = true in a step, --follow of fleet push", is.link)
	case is.kind == aFolder:
		return errors.New("it is a folder; hint: a / at the end puts the file into it")
	default:
		return errors.New("it is a device, socket or pipe")
	}
}

package transfer

import "golang.org/x/sys/unix"

// flushesAll says that all that was written to the folder's file system can be put
// on disk at once, which for many small files is far quicker than one by one.
const flushesAll = true

func (f *Folder) flushAll() error {
	root, err := f.made()
	if err != nil {
		return err
	}
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}

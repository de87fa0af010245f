package transfer

import (
	"context"
	"errors"
)

// A Folder is a local folder, and nothing outside of it is written.
type Folder struct{}

// OpenFolder opens the folder path, which it makes where it is missing; what is
// above it must be there.
func OpenFolder(path string) (*Folder, error) { return nil, errors.New("not built") }

// Close lets the folder go.
func (f *Folder) Close() error { return nil }

// An Item is one file or folder to fetch. Remote that ends with "/" is the content of
// a folder, as with rsync.
type Item struct {
	Remote string // on the host
	Local  string // the path of the result, within the Folder
}

// Fetch takes items from the host into the folder.
func (r *Remote) Fetch(ctx context.Context, items []Item, into *Folder, o *FetchOptions) (*Report, error) {
	return nil, errors.New("not built")
}

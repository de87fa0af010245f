package transfer

import (
	"context"
	"errors"
)

// A Tree is a local folder that goes to hosts.
type Tree struct{}

// OpenTree reads what is below the folder path, but for what exclude names, in the
// syntax of gitignore. With a path that ends with "/" its content goes, as with rsync.
func OpenTree(path string, exclude []string) (*Tree, error) { return nil, errors.New("not built") }

// Close lets the tree go.
func (t *Tree) Close() error { return nil }

// Sync makes the folder on the host what t is.
func (r *Remote) Sync(ctx context.Context, t *Tree, o *SyncOptions) (*Report, error) {
	return nil, errors.New("not built")
}

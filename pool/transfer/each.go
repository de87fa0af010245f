package transfer

import (
	"context"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"
)

// requestsMax is how many small requests may be under way at one time: enough for
// thousands of files on a link with a delay, and little for a server to hold.
const requestsMax = 256

// each calls do for all of what, many at a time. The error is the first one, which
// keeps those from being begun that were not.
func each[T any](ctx context.Context, what []T, do func(context.Context, T) error) error {
	if len(what) == 1 {
		return do(ctx, what[0])
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(requestsMax)
	for _, w := range what {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return do(ctx, w) })
	}
	return g.Wait()
}

// withFolders is paths and the folders they are in, each once.
func withFolders(paths []string) (files, folders []string) {
	for _, p := range paths {
		folders = append(folders, path.Dir(p))
	}
	slices.Sort(folders)
	return paths, slices.Compact(folders)
}

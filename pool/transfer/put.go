package transfer

import (
	"context"
	"errors"
)

// Put makes the file on the host what src is.
func (r *Remote) Put(ctx context.Context, src *Source, o *PutOptions) (*Report, error) {
	return nil, errors.New("not built")
}

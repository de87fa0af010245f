package inventory

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"fleet/internal/forward"
)

// ListenAddress makes of a value, which is known, where to listen: a port,
// "address:port", or the path of a socket. A relative path is relative to dir; ""
// is where whole paths are needed, as on a host. The error completes the sentence
// "NAME ...".
func ListenAddress(v cty.Value, dir string) (forward.Endpoint, error) {
	const form = `a port from 0 to 65535, "address:port", or the path of a socket`
	switch ty := v.Type(); {
	case v.IsNull():
		return forward.Endpoint{}, errors.New("is null; it must be " + form)
	case ty == cty.Number:
		n, accuracy := v.AsBigFloat().Int64()
		if accuracy != 0 || n < 0 || n > 65535 {
			return forward.Endpoint{}, fmt.Errorf("is %s; it must be %s", v.AsBigFloat().Text('g', 20), form)
		}
		v = cty.StringVal(v.AsBigFloat().Text('f', -1))
	case ty != cty.String:
		return forward.Endpoint{}, errors.New("must be " + form)
	}
	return endpoint(v.AsString(), dir, forward.ParseListen)
}

// TargetAddress makes of a value, which is known, where connections go:
// "host:port", or the path of a socket. dir and the error are as those of
// [ListenAddress].
func TargetAddress(v cty.Value, dir string) (forward.Endpoint, error) {
	const form = `a text such as "localhost:5432", or the path of a socket`
	switch {
	case v.IsNull():
		return forward.Endpoint{}, errors.New("is null; it must be " + form)
	case v.Type() != cty.String:
		return forward.Endpoint{}, errors.New("must be " + form)
	}
	return endpoint(v.AsString(), dir, forward.ParseTarget)
}

func endpoint(text, dir string, parse func(string) (forward.Endpoint, error)) (forward.Endpoint, error) {
	if dir != "" && (strings.HasPrefix(text, "~/") || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../")) {
		text = resolvePath(text, dir)
	}
	e, err := parse(text)
	switch {
	case err != nil:
		return e, fmt.Errorf("is %w", err)
	case e.IsUnix() && !strings.HasPrefix(e.Address, "/"):
		if dir == "" {
			return e, fmt.Errorf("is %q: a socket on the host needs its whole path, starting with a slash", text)
		}
		e.Address = resolvePath(e.Address, dir)
	}
	return e, nil
}

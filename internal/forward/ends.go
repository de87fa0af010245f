package forward

import (
	"errors"
	"fmt"
)

// ParseListen reads where to listen: "15432", "127.0.0.1:0", "[::1]:1080", "*:80",
// or a socket's path, which has a slash in it. Without an address it is 127.0.0.1.
func ParseListen(text string) (Endpoint, error) {
	fields, err := split(text)
	if err == nil && len(fields) > 2 {
		err = errors.New(tooMany)
	}
	var e Endpoint
	if err == nil {
		e, err = listener(fields, false)
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf(`%s: %w; write PORT, ADDRESS:PORT, or a socket's path such as "/run/x.sock"`, quote(text), err)
	}
	return e, nil
}

// ParseTarget reads where connections go: "localhost:5432", "[::1]:80", or a
// socket's path, which has a slash in it.
func ParseTarget(text string) (Endpoint, error) {
	fields, err := split(text)
	if err == nil && len(fields) > 2 {
		err = errors.New(tooMany)
	}
	var e Endpoint
	if err == nil {
		e, err = target(fields, false)
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf(`%s: %w; write HOST:PORT, or a socket's path such as "/run/x.sock"`, quote(text), err)
	}
	return e, nil
}

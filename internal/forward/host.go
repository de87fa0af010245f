package forward

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxPort = 65535
	maxHost = 255 // as DNS and SOCKS have it
	maxPath = 107 // of a Unix socket: 108 bytes on Linux with the zero at the end, as ssh counts
)

// CheckHost says what is wrong with a host's name or address, given without
// brackets, as the target of a connection; nil where nothing is. It looks
// nothing up. A name of a remote client is checked by the same.
func CheckHost(host string) error {
	switch {
	case host == "":
		return errors.New("no host")
	case len(host) > maxHost:
		return fmt.Errorf("a host's name is at most %d bytes long", maxHost)
	case !utf8.ValidString(host):
		return errors.New("a host's name is not UTF-8")
	}
	if strings.Contains(host, ":") {
		if ip, err := netip.ParseAddr(host); err != nil || !plain(ip.Zone()) {
			return fmt.Errorf("%q is no IPv6 address", host)
		}
		return nil
	}
	if !plain(host) {
		return fmt.Errorf("%q is no host's name", host)
	}
	return nil
}

// plain reports whether nothing in text can mean something to whoever looks the
// name up, or prints it.
func plain(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) || strings.ContainsRune(" /\\%[]*?\"'`$<>|;&(){}", r) {
			return false
		}
	}
	return true
}

// checkPath says what is wrong with a socket's path on this machine.
func checkPath(path string) error {
	switch {
	case path == "":
		return errors.New("no path of the socket")
	case len(path) > maxPath:
		return fmt.Errorf("a socket's path is at most %d bytes long, this one is %d", maxPath, len(path))
	case strings.HasSuffix(path, "/"):
		return errors.New("the socket's path ends in a slash")
	case strings.IndexFunc(path, unicode.IsControl) >= 0 || !utf8.ValidString(path):
		return errors.New("a character in the socket's path that cannot be printed")
	case path[0] == '@':
		// The kernel would make it a socket without a file, and so without a
		// mode: open to everybody on the machine.
		return errors.New(`a socket's path does not start with "@"; one in a folder of that name starts with "./@"`)
	}
	return nil
}

// checkNearPath is checkPath for one that may hold the host's name.
func checkNearPath(path string) error {
	if mark := unknownMark(path); mark != "" {
		return fmt.Errorf("%s in the socket's path is not known; %s is the host's name", quote(mark), hostMark)
	}
	return checkPath(path)
}

// unknownMark is a word of letters in braces, other than the one that there is.
func unknownMark(path string) string {
	notLetter := func(r rune) bool { return r != '.' && r != '_' && !unicode.IsLetter(r) }
	for {
		_, rest, found := strings.Cut(path, "{")
		if !found {
			return ""
		}
		word, _, closed := strings.Cut(rest, "}")
		if mark := "{" + word + "}"; closed && word != "" && mark != hostMark && strings.IndexFunc(word, notLetter) < 0 {
			return mark
		}
		path = rest
	}
}

// checkFarPath says what is wrong with a socket's path on the host.
func checkFarPath(path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	if path[0] != '/' {
		return errors.New("a socket on the host needs its whole path, starting with a slash")
	}
	return nil
}

// parsePort reads the digits of a port. ssh, too, takes leading zeros. what is the
// port in a message, such as "port of the target".
func parsePort(text, what string) (int, error) {
	if text == "" {
		return 0, errors.New("no " + what)
	}
	if strings.Trim(text, "0123456789") != "" {
		hint := ""
		if strings.Contains(text, "sock") {
			hint = fmt.Sprintf(" (a socket's path has a slash in it: %s)", quote("./"+text))
		}
		return 0, fmt.Errorf("%s is no %s%s", quote(text), what, hint)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > maxPort {
		return 0, fmt.Errorf("%s is no %s: the highest is %d", quote(text), what, maxPort)
	}
	return n, nil
}

// quote makes an error of any text short and printable.
func quote(text string) string {
	const most = 200
	if len(text) > most {
		return strconv.Quote(text[:most] + "...")
	}
	return strconv.Quote(text)
}

package sshconfig

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
)

// flagValue reads yes and no, which may be spelled true and false, or one of
// the words.
func flagValue(arg string, words []string) (string, error) {
	switch strings.ToLower(arg) {
	case "yes", "true":
		return "yes", nil
	case "no", "false":
		return "no", nil
	}
	v, err := choiceValue(arg, words)
	if err != nil {
		return "", fmt.Errorf("%q is not one of %s", arg, strings.Join(slices.Concat([]string{"yes", "no"}, words), ", "))
	}
	if v == "off" {
		v = "no"
	}
	return v, nil
}

func choiceValue(arg string, words []string) (string, error) {
	if v := strings.ToLower(arg); slices.Contains(words, v) {
		return v, nil
	}
	return "", fmt.Errorf("%q is not one of %s", arg, strings.Join(words, ", "))
}

// seconds reads a time such as 90, 90s or 1h30m.
func seconds(s string) (int, error) {
	bad := fmt.Errorf("%q is not a time such as 90, 90s or 1h30m", s)
	if s == "" {
		return 0, bad
	}
	total := 0
	for rest := s; rest != ""; {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil {
			return 0, bad
		}
		unit := 1
		if rest = rest[len(digits):]; rest != "" {
			if unit = timeUnit(rest[0]); unit == 0 {
				return 0, bad
			}
			rest = rest[1:]
		}
		if int(n) > math.MaxInt32/unit || total > math.MaxInt32-int(n)*unit {
			return 0, bad
		}
		total += int(n) * unit
	}
	return total, nil
}

func timeUnit(c byte) int {
	switch c {
	case 's', 'S':
		return 1
	case 'm', 'M':
		return 60
	case 'h', 'H':
		return 60 * 60
	case 'd', 'D':
		return 24 * 60 * 60
	case 'w', 'W':
		return 7 * 24 * 60 * 60
	default:
		return 0
	}
}

func portValue(arg string) (string, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(arg, "+"), 10, 16)
	if err == nil && n > 0 {
		return strconv.FormatUint(n, 10), nil
	}
	if errors.Is(err, strconv.ErrSyntax) {
		if n, err := net.LookupPort("tcp", arg); err == nil && n > 0 {
			return strconv.Itoa(n), nil
		}
	}
	return "", fmt.Errorf("%q is not a port", arg)
}

func logLevelValue(arg string) (string, error) {
	level := strings.ToUpper(arg)
	switch level {
	case "QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG2", "DEBUG3":
		return level, nil
	case "SILENT":
		return "QUIET", nil
	case "DEBUG1":
		return "DEBUG", nil
	default:
		return "", fmt.Errorf("%q is not one of QUIET, FATAL, ERROR, INFO, VERBOSE, DEBUG, DEBUG2, DEBUG3", arg)
	}
}

// addKeysValue reads AddKeysToAgent: yes, no, ask, confirm, a time, or confirm
// and a time.
func addKeysValue(args []string) ([]string, error) {
	if len(args) == 0 || args[0] == "" {
		return nil, errMissing
	}
	v, err := flagValue(args[0], []string{"ask", "confirm"})
	switch {
	case len(args) > 2:
		return nil, errExtra
	case len(args) == 2 && v != "confirm":
		return nil, errExtra
	case len(args) == 2:
		n, err := seconds(args[1])
		if n > 0 {
			v += " " + strconv.Itoa(n)
		}
		return []string{v}, err
	case err == nil:
		return []string{v}, nil
	}
	n, err := seconds(args[0])
	if n == 0 {
		return []string{"yes"}, err
	}
	return []string{strconv.Itoa(n)}, err
}

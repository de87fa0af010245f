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

var (
	errMissing = errors.New("an argument is missing")
	errExtra   = errors.New("there are extra arguments at the end of the line")
)

const (
	maxListed = 100 // identity and certificate files, as in ssh
	maxFiles  = 32  // known_hosts files, as in ssh
)

// value reads the arguments of a keyword into the form they are kept in. rest
// is the text of the line after the keyword, args the same split.
func (k *keyword) value(rest string, args []string) ([]string, error) {
	switch k.kind {
	case kindOther, kindSendEnv, kindSetEnv, kindFileList:
		return k.listValue(args)
	case kindCommand, kindProxyCommand:
		return []string{strings.TrimLeft(rest, blanks+"=")}, nil
	case kindAddKeys:
		return addKeysValue(args)
	case kindProxyJump: // ssh looks at the first word only
	default:
		if len(args) > 1 {
			return nil, errExtra
		}
	}
	if len(args) == 0 || args[0] == "" {
		return nil, errMissing
	}
	return k.oneValue(args[0])
}

func (k *keyword) oneValue(arg string) ([]string, error) {
	var v string
	var err error
	switch k.kind {
	case kindFlag:
		v, err = flagValue(arg, k.words)
	case kindChoice:
		v, err = choiceValue(arg, k.words)
	case kindTime:
		if arg == "none" {
			return nil, nil // the same as not set: a later line may still set it
		}
		var n int
		n, err = seconds(arg)
		v = strconv.Itoa(n)
	case kindInt:
		var n uint64
		if n, err = strconv.ParseUint(strings.TrimPrefix(arg, "+"), 10, 31); err != nil {
			return nil, fmt.Errorf("%q is not a number of 0 or more", arg)
		}
		v = strconv.FormatUint(n, 10)
	case kindPort:
		v, err = portValue(arg)
	case kindLogLevel:
		v, err = logLevelValue(arg)
	case kindProxyJump:
		v, err = jumpValue(arg)
	case kindForwardAgent:
		if v, err = flagValue(arg, nil); err != nil {
			v, err = arg, checkVariable(arg)
		}
	case kindAgent:
		v, err = arg, checkVariable(arg)
	default:
		v = arg
	}
	return []string{v}, err
}

func (k *keyword) listValue(args []string) ([]string, error) {
	if k.kind == kindSetEnv {
		return setEnvValue(args)
	}
	for i, arg := range args {
		switch {
		case k.kind == kindSendEnv && (arg == "" || strings.Contains(arg, "=")):
			return nil, fmt.Errorf("%q is not the name of a variable", arg)
		case k.kind == kindFileList && arg == "":
			return nil, errMissing
		case k.kind == kindFileList && i >= maxFiles:
			return nil, fmt.Errorf("there are more than %d files", maxFiles)
		case k.kind == kindFileList && strings.EqualFold(arg, "none") && len(args) > 1:
			return nil, errors.New(`"none" must stand alone`)
		}
	}
	return args, nil
}

// setEnvValue keeps the first value of each name.
func setEnvValue(args []string) ([]string, error) {
	var values []string
	for _, arg := range args {
		name, _, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form NAME=value", arg)
		}
		if !slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, name+"=") }) {
			values = append(values, arg)
		}
	}
	return values, nil
}

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

package sshconfig

import (
	"errors"
	"fmt"
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

package main

import (
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"fleet/internal/filename"
	"fleet/internal/lang"
	"fleet/pool/transfer"
)

// hostMark stands for the name of the host in LOCAL and REMOTE.
const hostMark = "{host}"

// forHost is a path for one host. A host that is called like no file should be gets
// a name that is one, as with --outdir.
func forHost(path, host string) string {
	if !strings.Contains(path, hostMark) {
		return path
	}
	return strings.ReplaceAll(path, hostMark, filename.Of(host, ""))
}

// refuseMarks refuses what was meant to be {host}, and would be a file of that name
// on every host.
func refuseMarks(words []string) error {
	for _, word := range words {
		for rest := word; ; {
			_, after, ok := strings.Cut(rest, "{")
			if !ok {
				break
			}
			rest = after
			name, _, closed := strings.Cut(after, "}")
			mark := "{" + name + "}"
			if closed && mark != hostMark && meansHost(name) {
				return &usageError{
					err:  badUsage("%q has %s in it, which stands for nothing", word, mark),
					hint: hostMark + " is the name of the host: " + strings.ReplaceAll(word, mark, hostMark),
				}
			}
		}
	}
	return nil
}

// meansHost reports whether who writes {name} means the name of the host.
func meansHost(name string) bool {
	switch low := strings.ToLower(strings.TrimSpace(name)); low {
	case "host", "hosts", "hostname", "host.name", "inventory_hostname":
		return true
	default:
		return lang.Suggest(low, []string{"host"}) != ""
	}
}

// exclusion is for --ignore.
func exclusion(s string) error {
	if err := notEmpty(s); err != nil {
		return err
	}
	if err := transfer.CheckExclude([]string{s}); err != nil {
		_, why, _ := strings.Cut(err.Error(), ": ")
		why, hint := splitHint(why)
		return wrong("is no pattern of files: it "+why, hint)
	}
	return nil
}

// byteCount reads a number of bytes, such as 500k or 10M. Units are powers of 1024,
// as those of curl and rsync.
func byteCount(p *int64) pflag.Value {
	return &textValue{
		set: func(s string) error {
			n, err := parseBytes(s)
			if err == nil {
				*p = n
			}
			return err
		},
		text: func() string {
			if *p == 0 {
				return ""
			}
			return strconv.FormatInt(*p, 10)
		},
	}
}

func parseBytes(s string) (int64, error) {
	digits, binary := strings.CutSuffix(strings.TrimSuffix(strings.ToLower(s), "b"), "i") // 10MiB, 10MB
	unit := int64(1)
	if n := len(digits); n > 0 {
		if i := strings.IndexByte("kmgt", digits[n-1]); i >= 0 {
			unit <<= 10 * (i + 1)
			digits = digits[:n-1]
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil || strings.Trim(digits, "0123456789.") != "" || binary && unit == 1:
		return 0, wrong("is not a number of bytes such as 500k, 10M or 2G", "")
	case n*float64(unit) >= math.MaxInt64:
		return 0, wrong("is too large", "")
	case n*float64(unit) < 1:
		return 0, wrong("is less than one byte", "")
	}
	return int64(n * float64(unit)), nil
}

// fileMode reads an octal mode, as chmod does.
func fileMode(p *fs.FileMode, given *bool) pflag.Value {
	return &textValue{
		set: func(s string) error {
			n, err := strconv.ParseUint(s, 8, 32)
			if err != nil || len(s) < 3 || len(s) > 5 || n > 0o7777 {
				return wrong("is not a mode of three or four octal digits, such as 0644", "")
			}
			*p, *given = fs.FileMode(n&0o777), true
			for bit, mode := range map[uint64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
				if n&bit != 0 {
					*p |= mode
				}
			}
			return nil
		},
		text: func() string {
			if !*given {
				return ""
			}
			return fmt.Sprintf("%04o", p.Perm())
		},
	}
}

// ownership reads USER, USER:GROUP or :GROUP, as chown does.
func ownership(user, group *string) pflag.Value {
	return &textValue{
		set: func(s string) error {
			u, g, both := strings.Cut(s, ":")
			if u == "" && g == "" || both && g == "" || strings.ContainsAny(s, " \t\n/") || strings.Contains(g, ":") {
				return wrong("is not of the form USER, USER:GROUP or :GROUP", "")
			}
			*user, *group = u, g
			return nil
		},
		text: func() string { return *user },
	}
}

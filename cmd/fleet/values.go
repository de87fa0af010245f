package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// The values of flags. Each refuses what it cannot mean with a *wrongValue, and
// says which flag of fleet the user of another tool was looking for.

// A textValue is a flag whose value is a text that set checks and stores.
type textValue struct {
	set  func(string) error
	text func() string
	list bool // whether giving the flag again adds to it
}

func (v *textValue) Set(s string) error { return v.set(s) }

func (v *textValue) String() string {
	if v.text == nil {
		return ""
	}
	return v.text()
}

// Type is what help shows where the usage text names nothing.
func (v *textValue) Type() string {
	if v.list {
		return "list"
	}
	return "value"
}

// wrong makes a *wrongValue.
func wrong(want, hint string) error { return &wrongValue{want: want, hint: hint} }

// duration reads a time. A number without a unit is seconds, as in ssh and pdsh.
// The hint is for a word that is no number at all.
func duration(p *time.Duration, hint string) pflag.Value {
	return &textValue{
		set: func(s string) error {
			d, err := time.ParseDuration(s)
			if n, bare := strconv.ParseFloat(s, 64); bare == nil && n*float64(time.Second) < math.MaxInt64 {
				d, err = time.Duration(n*float64(time.Second)), nil
			}
			if err != nil && tooLong(s) {
				return wrong("is too long", "")
			}
			if err != nil {
				if strings.HasPrefix(s, "-") || strings.ContainsAny(s[:min(1, len(s))], "0123456789.") {
					hint = ""
				}
				return wrong("is not a duration such as 90s or 5m", hint)
			}
			if d < 0 {
				return wrong("is negative", "")
			}
			*p = d
			return nil
		},
		text: func() string {
			if *p == 0 {
				return ""
			}
			return p.String()
		},
	}
}

// tooLong reports whether s is a time that is no time.Duration: above 292 years.
func tooLong(s string) bool {
	if n, err := strconv.ParseFloat(s, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return n > 0
	}
	unit := strings.TrimLeft(s, "0123456789")
	_, err := time.ParseDuration("1" + unit)
	return len(unit) < len(s) && err == nil
}

// count reads a whole number of at least least.
func count(p *int, least int, hint string) pflag.Value {
	return &textValue{
		set: func(s string) error {
			n, err := strconv.Atoi(s)
			if errors.Is(err, strconv.ErrRange) && n > 0 {
				return wrong("is too large", "")
			}
			if err != nil && !errors.Is(err, strconv.ErrRange) {
				return wrong("is not a whole number", hint)
			}
			if n < least {
				return wrong(fmt.Sprintf("is less than %d", least), "")
			}
			*p = n
			return nil
		},
		text: func() string {
			if *p <= 0 {
				return ""
			}
			return strconv.Itoa(*p)
		},
	}
}

// seed reads the start of a random sequence.
func seed(p **uint64) pflag.Value {
	return &textValue{
		set: func(s string) error {
			n, err := strconv.ParseUint(s, 0, 64)
			if err != nil {
				return wrong("is not a whole number from 0 on", "")
			}
			*p = &n
			return nil
		},
		text: func() string { return "" },
	}
}

// port reads a TCP port.
func port(p *int) pflag.Value {
	return &textValue{
		set: func(s string) error {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 || n > 65535 {
				return wrong("is not a port, 1 to 65535", "")
			}
			*p = n
			return nil
		},
		text: func() string { return "" },
	}
}

// choice reads one of a few words.
func choice(p *string, words ...string) pflag.Value {
	return &textValue{
		set: func(s string) error {
			for _, w := range words {
				if s == w {
					*p = s
					return nil
				}
			}
			return wrong("is not one of "+strings.Join(words, ", "), "")
		},
		text: func() string { return *p },
	}
}

// texts collects the values of a flag that may be repeated; check may be nil.
func texts(p *[]string, check func(string) error) pflag.Value {
	return &textValue{
		list: true,
		set: func(s string) error {
			if check != nil {
				if err := check(s); err != nil {
					return err
				}
			}
			*p = append(*p, s)
			return nil
		},
		text: func() string { return "" },
	}
}

// text stores a value that check accepts.
func text(p *string, check func(string) error) pflag.Value {
	return &textValue{
		set: func(s string) error {
			if err := check(s); err != nil {
				return err
			}
			*p = s
			return nil
		},
		text: func() string { return *p },
	}
}

// notAPattern is for names; a user of ansible, whose -l narrows, meant --limit.
func notAPattern(s string) error {
	switch {
	case s == "":
		return wrong("is empty", "")
	case strings.ContainsAny(s, "*?[],!&") || strings.HasPrefix(s, "@"):
		return wrong("is not a login name", "to narrow the hosts: --limit")
	case strings.ContainsAny(s, " \t\n"):
		return wrong("is not a login name", "")
	default:
		return nil
	}
}

// notAKey is for inventories; a user of ssh, whose -i is a key, meant --identity.
func notAKey(s string) error {
	const hint = "a private key to log in with is --identity"
	if s == "" {
		return wrong("is empty", "")
	}
	if info, err := os.Stat(s); err == nil && !info.Mode().IsRegular() {
		return nil // what is read from a pipe is gone, and opening one may take forever
	}
	f, err := os.Open(s)
	if err != nil {
		// Loading says what is wrong, unless the name says enough.
		if strings.HasPrefix(filepath.Base(s), "id_") {
			return wrong("is not an inventory", hint)
		}
		return nil
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.Read(head)
	if strings.HasPrefix(string(head[:n]), "-----BEGIN ") {
		return wrong("is a private key, not an inventory", hint)
	}
	return nil
}

// assignment is for -e, which other tools use for what goes to stderr.
func assignment(s string) error {
	if i := strings.IndexByte(s, '='); i < 1 {
		return wrong("is not of the form NAME=VALUE", "a folder for error output is --errdir")
	}
	return nil
}

// notEmpty is for names of files.
func notEmpty(s string) error {
	if s == "" {
		return wrong("is empty", "")
	}
	return nil
}

// checkPick is for --pick: N or N%.
func checkPick(s string) error {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "%"))
	switch {
	case err != nil || n < 1:
		return wrong("is not a number of hosts such as 3, or a share such as 10%", "")
	case strings.HasSuffix(s, "%") && n > 100:
		return wrong("is more than all of them", "")
	default:
		return nil
	}
}

// sshOption is for -o, which takes what a line of ssh_config may hold.
func sshOption(s string) error {
	if strings.ContainsAny(strings.TrimSpace(s), "= \t") {
		return nil
	}
	return wrong("is not of the form Key=Value", "a folder for the output is --outdir")
}

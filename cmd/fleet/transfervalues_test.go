package main

import (
	"io/fs"
	"strconv"
	"testing"
)

func TestBytes(t *testing.T) {
	for s, want := range map[string]int64{
		"1": 1, "500k": 500 << 10, "10M": 10 << 20, "10MB": 10 << 20, "10MiB": 10 << 20, "1.5G": 3 << 29, "2g": 2 << 30, "1T": 1 << 40, "7B": 7,
	} {
		if got, err := parseBytes(s); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", s, got, err, want)
		}
	}
	for s, want := range map[string]string{
		"": "is not a number of bytes such as 500k, 10M or 2G", "M": "is not a number of bytes such as 500k, 10M or 2G",
		"-1": "is not a number of bytes such as 500k, 10M or 2G", "1e3": "is not a number of bytes such as 500k, 10M or 2G",
		"10MBB": "is not a number of bytes such as 500k, 10M or 2G", "inf": "is not a number of bytes such as 500k, 10M or 2G",
		"0": "is less than one byte", "0.1": "is less than one byte", "9999999T": "is too large",
	} {
		if got, err := parseBytes(s); err == nil || err.Error() != want {
			t.Errorf("%q is %d (%v), want %q", s, got, err, want)
		}
	}
}

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"10M", "1.5G", "7B", "kk", "0x1p3", "NaN"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseBytes(s)
		if err != nil {
			return
		}
		if n < 1 {
			t.Fatalf("%q is %d", s, n)
		}
		if again, err := parseBytes(strconv.FormatInt(n, 10)); err != nil || n < 1<<50 && again != n {
			t.Fatalf("%q is %d, and %d is %d (%v)", s, n, n, again, err)
		}
	})
}

func TestModesAndOwners(t *testing.T) {
	var (
		mode  fs.FileMode
		given bool
	)
	for s, want := range map[string]fs.FileMode{"644": 0o644, "0600": 0o600, "4755": 0o755 | fs.ModeSetuid, "1777": 0o777 | fs.ModeSticky, "02775": 0o775 | fs.ModeSetgid} {
		if err := fileMode(&mode, &given).Set(s); err != nil || mode != want || !given {
			t.Errorf("%q is %v (%v), want %v", s, mode, err, want)
		}
	}
	for _, s := range []string{"", "9", "64", "888", "u+x", "-644", "77777", "000644"} {
		if fileMode(&mode, &given).Set(s) == nil {
			t.Errorf("%q is a mode", s)
		}
	}
	var user, group string
	for s, want := range map[string][2]string{"deploy": {"deploy", ""}, "deploy:www": {"deploy", "www"}, ":www": {"", "www"}, "0:0": {"0", "0"}} {
		if err := ownership(&user, &group).Set(s); err != nil || user != want[0] || group != want[1] {
			t.Errorf("%q is %q, %q (%v)", s, user, group, err)
		}
	}
	for _, s := range []string{"", ":", "a:", "a:b:c", "a b", "a/b"} {
		if ownership(&user, &group).Set(s) == nil {
			t.Errorf("%q is an owner", s)
		}
	}
}

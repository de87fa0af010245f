package secret

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sops is a value in a file that was encrypted with sops, which is run.
type Sops struct {
	// File is relative to Dir, or begins with "~/".
	File string
	// Key leads to the value, "database.users.0", or in sops's own words,
	// `["database"]["users"][0]`. Empty: the whole file.
	Key string
	// Dir is the folder of the file that declares the secret.
	Dir string
	// Timeout ends sops. Default: DefaultTimeout.
	Timeout time.Duration
}

// Check is part of Provider.
func (s Sops) Check() error {
	if err := checkPath("file", s.File); err != nil {
		return err
	}
	if _, err := extraction(s.Key); err != nil {
		return err
	}
	return checkTimeout(s.Timeout)
}

func (s Sops) reveal(ctx context.Context, r *Resolver) (string, error) {
	path, err := extraction(s.Key)
	if err != nil {
		return "", err
	}
	file, err := filepath.Abs(r.locate(s.Dir, s.File)) // which is no option of sops
	if err != nil {
		return "", err
	}
	args := []string{file}
	if path != "" {
		args = append([]string{"--extract", path}, args...)
	}
	// All versions from 2 on know -d. "sops decrypt" is there from 3.9 on; an
	// older one would open an editor.
	text, err := r.run(ctx, s.command("-d", args))
	var f *failure
	if errors.As(err, &f) && slices.ContainsFunc(f.said, func(line string) bool { return strings.Contains(line, "flag") && strings.Contains(line, "-d") }) {
		text, err = r.run(ctx, s.command("decrypt", args))
	}
	if errors.As(err, &f) {
		f.said = whyNoKey(f.said)
	}
	// Texts are printed as they are; after all else there is a line end.
	if err == nil && path != "" && text == "null\n" {
		return "", fmt.Errorf("the value of %q is null", s.Key)
	}
	return withoutLineEnd(text), err
}

// whyNoKey leaves of what sops says, when it has none of the keys that a file is
// encrypted for, the first line and the reasons, which it folds into a column
// that begins with a bar. The end of it says nothing new.
func whyNoKey(said []string) []string {
	first := slices.IndexFunc(said, func(line string) bool { return strings.HasPrefix(line, "Failed to get the data key") })
	if first < 0 {
		return said
	}
	var reasons []string
	for _, line := range said[first:] {
		if reason, ok := strings.CutPrefix(line, "- | "); ok {
			reasons = append(reasons, reason)
		} else if more, ok := strings.CutPrefix(line, "| "); ok && len(reasons) > 0 {
			reasons[len(reasons)-1] += " " + more
		}
	}
	const most = 2
	return append(said[first:first+1:first+1], reasons[:min(len(reasons), most)]...)
}

func (s Sops) command(how string, args []string) Exec {
	return Exec{Command: append([]string{"sops", how}, args...), Timeout: s.Timeout}
}

// extraction turns a key into what --extract takes, which has no escapes.
func extraction(key string) (string, error) {
	if key == "" || strings.HasPrefix(key, "[") && strings.HasSuffix(key, "]") {
		return key, nil
	}
	var b strings.Builder
	for part := range strings.SplitSeq(key, ".") {
		if _, err := strconv.ParseUint(part, 10, 31); err == nil {
			fmt.Fprintf(&b, "[%s]", part)
			continue
		}
		if part == "" || strings.ContainsAny(part, "[]\"\x00") {
			return "", fmt.Errorf("%q is not a key such as database.users.0", key)
		}
		fmt.Fprintf(&b, `["%s"]`, part)
	}
	return b.String(), nil
}

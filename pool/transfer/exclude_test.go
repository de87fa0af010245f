package transfer

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each case is what gitignore(5) says; git itself is asked as well.
func TestExclusionsMeanWhatGitMeans(t *testing.T) {
	cases := []struct {
		name     string
		patterns []string
		in, out  []string // paths; those that end with "/" are folders
	}{
		{"a name in any folder", []string{"*.log"}, []string{"src/a.txt", "a.log.1", "log"}, []string{"a.log", "src/deep/b.log", ".log"}},
		{"a path from the top", []string{"/build"}, []string{"src/build", "builds"}, []string{"build", "build/x"}},
		{"a slash inside anchors too", []string{"doc/*.txt"}, []string{"a/doc/n.txt", "doc/a/n.txt"}, []string{"doc/n.txt"}},
		{"folders alone", []string{"cache/"}, []string{"a/cache", "cache"}, []string{"b/cache/", "b/cache/x"}},
		{"kept again", []string{"*.log", "!keep.log"}, []string{"keep.log", "a/keep.log"}, []string{"b.log"}},
		{"not kept below an excluded folder", []string{"logs/", "!logs/keep"}, nil, []string{"logs/keep"}},
		{"kept inside a folder whose content is excluded", []string{"logs/*", "!logs/keep"}, []string{"logs/keep", "logs/"}, []string{"logs/b"}},
		{"later patterns win", []string{"!a", "a"}, nil, []string{"a"}},
		{"any depth before", []string{"**/foo/bar"}, []string{"foo/x/bar"}, []string{"foo/bar", "a/b/foo/bar"}},
		{"any depth after", []string{"abc/**"}, []string{"abc/", "x/abc/y"}, []string{"abc/y", "abc/d/e"}},
		{"any depth between", []string{"a/**/b"}, []string{"a/c", "c/a/b"}, []string{"a/b", "a/x/b", "a/x/y/b"}},
		{"two of any depth", []string{"a/**/b/**/c"}, []string{"a/b", "a/c"}, []string{"a/b/c", "a/x/b/y/z/c", "a/b/b/c"}},
		{"stars in a name are one star", []string{"a**b/c"}, []string{"a/b/c"}, []string{"axxb/c", "ab/c"}},
		{"two stars alone", []string{"**"}, nil, []string{"a", "b/c"}},
		{"one star does not reach over a slash", []string{"a/*/c"}, []string{"a/c", "a/x/y/c"}, []string{"a/x/c"}},
		{"a question mark is one character", []string{"a?c"}, []string{"ac", "abbc", "a/c"}, []string{"abc"}},
		{"sets and ranges", []string{"f[0-9a]"}, []string{"fb", "f10"}, []string{"f3", "fa"}},
		{"a set turned round", []string{"f[!0-9]", "g[^0-9]"}, []string{"f3", "g3"}, []string{"fb", "gb"}},
		{"no set holds a slash", []string{"/a[!x]b"}, []string{"a/b"}, []string{"ayb"}},
		{"a bracket in a set", []string{"f[]x]", "g[[]"}, []string{"f", "gx"}, []string{"f]", "fx", "g["}},
		{"named classes", []string{"f[[:digit:]_]", "g[![:alpha:]]"}, []string{"fx", "gx"}, []string{"f1", "f_", "g1"}},
		{"punctuation", []string{"p[[:punct:]]"}, []string{"pa", "p1"}, []string{"p!", "p[", "p]", "p{", "p~", "p^", "p`"}},
		{"braces are characters", []string{"{a,b}"}, []string{"a", "b"}, []string{"{a,b}"}},
		{"a backslash takes the meaning away", []string{`a\*`, `\!b`, `\#c`, `d\\e`}, []string{"ax", "b", "c"}, []string{"a*", "!b", "#c", `d\e`}},
		{"comments and empty lines", []string{"# x", "", "   ", "y"}, []string{"# x", "x"}, []string{"y"}},
		{"spaces at the end", []string{"a  ", `b\ `, "c d"}, []string{"b"}, []string{"a", "b ", "c d"}},
		{"names in other scripts", []string{"größe-*"}, []string{"grosse-1"}, []string{"größe-1", "größe-ü"}},
		{"a leading dash", []string{"-*"}, []string{"a-b"}, []string{"-rf", "a/-n"}},
		{"a dot is nothing special", []string{"*"}, nil, []string{".hidden", "a/.b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x, err := parseExclusions(c.patterns)
			if err != nil {
				t.Fatal(err)
			}
			check := func(paths []string, want bool) {
				t.Helper()
				for _, p := range paths {
					if got := covers(x, p); got != want {
						t.Errorf("%q: excluded %v, want %v", p, got, want)
					}
					if git := gitIgnores(t, c.patterns, p); git != want {
						t.Errorf("%q: git says %v, the table %v", p, git, want)
					}
				}
			}
			check(c.in, false)
			check(c.out, true)
		})
	}
}

func TestExclusionsThatMatchNothingAreRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		"a[bc":       `exclusion "a[bc": has a "[" without its "]"`,
		`a\`:         "ends with a backslash",
		"!":          "names nothing",
		"/":          "names nothing",
		"a//b":       `cannot be ""`,
		"../x":       `cannot be ".."`,
		"a[[:what:]": "class of characters",
	} {
		if _, err := parseExclusions([]string{pattern}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", pattern, err, want)
		}
	}
}

func TestMatchLooksAtOnePathOnly(t *testing.T) {
	x, err := parseExclusions([]string{"a/"})
	if err != nil {
		t.Fatal(err)
	}
	if !x.match("a", true) || x.match("a", false) || x.match("a/b", false) || !x.covers("a/b", false) {
		t.Error("match is about the path itself, covers about its folders too")
	}
}

// What is accepted never fails to match for lack of a valid pattern, and takes
// little time.
func FuzzExclusions(f *testing.F) {
	for _, s := range []string{"*.log", "!a/**/b/", "[]a-z[:digit:]]", `\{x\}`, "**/**/a**", "[^", "a{b,c}/[!{]"} {
		f.Add(s, "a/b/c.log")
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		x, err := parseExclusions([]string{pattern})
		if err != nil || len(path) > 1000 {
			return
		}
		file, folder := x.covers(path, false), x.covers(path, true)
		if file && !folder {
			t.Errorf("%q excludes the file %q and not a folder of that name", pattern, path)
		}
	})
}

func covers(x exclusions, path string) bool {
	name, folder := strings.CutSuffix(path, "/")
	return x.covers(name, folder)
}

// gitIgnores asks git.
func gitIgnores(t *testing.T, patterns []string, path string) bool {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") != "" {
			t.Fatal("git is missing: it says what gitignore means")
		}
		t.Skip("git is missing: it says what gitignore means")
	}
	dir := t.TempDir()
	run := func(stdin string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), git, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_DIR="+filepath.Join(dir, ".git"))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		// check-ignore ends with 1 where nothing is ignored
		if cmd.ProcessState.ExitCode() > 1 {
			t.Fatalf("git %q: %v: %s", args, err, &stderr)
		}
		return string(out)
	}
	run("", "init", "-q")
	if err := os.WriteFile(filepath.Join(dir, ".git", "info", "exclude"), []byte(strings.Join(patterns, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	name, folder := strings.CutSuffix(path, "/")
	full := filepath.Join(dir, filepath.FromSlash(name))
	if folder {
		if err := os.MkdirAll(full, 0o700); err != nil {
			t.Fatal(err)
		}
	} else {
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return run(name+"\x00", "check-ignore", "--no-index", "-z", "--stdin") != ""
}

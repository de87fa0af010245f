//go:build unix

package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tutorial works as it is written: its files, and then its commands, each of
// which prints at least the lines that are shown. Only "..." leaves lines out.
func TestTheTutorialWorks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	p := &project{dir: t.TempDir(), home: t.TempDir()}
	p.must(t, "lab", "up", "-q", "-n", "8", "--dir", "lab")
	t.Cleanup(func() { p.must(t, "lab", "down", "--dir", "lab") })
	for _, block := range blocks(string(text), "hcl") {
		first, _, _ := strings.Cut(block, "\n")
		p.write(t, strings.TrimPrefix(first, "# "), block)
	}
	tried := 0
	for _, block := range blocks(string(text), "console") {
		for _, shown := range strings.Split("\n"+block, "\n$ ")[1:] {
			command, want, _ := strings.Cut(shown, "\n")
			got := p.terminal(t, command)
			if missing := difference(want, got); len(missing) > 0 {
				t.Errorf("%s\nprints\n%s\nand not\n%s", command, got, strings.Join(missing, "\n"))
			}
			tried++
		}
	}
	if tried < 10 {
		t.Errorf("the tutorial shows %d commands", tried)
	}
}

// terminal returns all that a line of the tutorial shows to who types it.
func (p *project) terminal(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = p.dir
	cmd.Env = []string{
		"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "HOME=" + p.home, "LC_ALL=C", "FLEET_AGENT=off", "FLEET_INVENTORY=lab:.",
	}
	out, _ := cmd.CombinedOutput() // that a command fails is part of the story
	return string(out)
}

// difference are the lines that are shown and not printed; without "...", also
// those that are printed and not shown.
func difference(shown, printed string) (lines []string) {
	count := map[string]int{}
	for _, line := range timeless(printed) {
		count[line]++
	}
	all := true
	for _, line := range timeless(shown) {
		if line == "..." {
			all = false
			continue
		}
		if count[line]--; count[line] < 0 {
			lines = append(lines, line)
		}
	}
	for line, n := range count {
		if all && n > 0 {
			lines = append(lines, "without: "+line)
		}
	}
	return lines
}

var (
	moments = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:]+Z|\b\d{8}-\d{6}-[0-9a-f]{6}\b`)
	lengths = regexp.MustCompile(`(?m)\b[0-9.]+ ?(ms|s)\b( +lab\d+$)?`) // and who took longest
)

// timeless are the lines of a text without what differs from run to run.
func timeless(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = lengths.ReplaceAllString(moments.ReplaceAllString(line, "WHEN"), "LONG")
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

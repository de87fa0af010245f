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

// The commands of a page that are shown with what they print do print that. A
// page with a project of its own is tried with that.
func TestPagesShowWhatHappens(t *testing.T) {
	t.Parallel()
	tests := []struct{ page, dir string }{
		{page: "../docs/expressions.md"},
		{page: "estate/README.md", dir: "estate"},
	}
	for _, tt := range tests {
		text, err := os.ReadFile(tt.page)
		if err != nil {
			t.Fatal(err)
		}
		p := &project{dir: t.TempDir(), home: t.TempDir()}
		if tt.dir != "" {
			p = copyExample(t, tt.dir)
		} else {
			p.write(t, "page.fleet.hcl", blocks(string(text), "hcl")[0])
		}
		tried := 0
		for _, block := range blocks(string(text), "console") {
			for _, shown := range strings.Split("\n"+block, "\n$ ")[1:] {
				command, want, _ := strings.Cut(shown, "\n")
				if strings.TrimSpace(want) == "" {
					continue
				}
				if got := p.shell(t, command); strings.TrimSpace(got) != strings.TrimSpace(want) {
					t.Errorf("%s: %s\nprints\n%s\nand not\n%s", tt.page, command, got, want)
				}
				tried++
			}
		}
		if tried == 0 {
			t.Errorf("%s shows no commands with what they print", tt.page)
		}
	}
}

// blocks are the blocks of code of a page that are in a language.
func blocks(page, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	return out
}

// shell runs a line of a page, in the folder of the project.
func (p *project) shell(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "HOME=" + p.home, "LC_ALL=C", "FLEET_AGENT=off"}
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", line, err)
	}
	return string(out)
}

// Every example of the pages on tasks and files is valid, in a project that has what
// they refer to. Steps and handlers are parts of a task.
func TestTheExamplesOfTasksAreValid(t *testing.T) {
	t.Parallel()
	var examples []string
	for _, page := range []string{"../docs/tasks.md", "../docs/files.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		examples = append(examples, blocks(string(text), "hcl")...)
	}
	const around = `
variable "release" { default = "1.0" }
secret "registry" { env = "REGISTRY" }
group "web" {
  hosts = ["web[1-4]"]
  vars  = { port = 8080 }
}
group "lb" { hosts = ["lb[1-2]"] }
host "db1" {}
host "ci1" {}
`
	for _, block := range examples {
		if !strings.HasPrefix(block, "task ") {
			block = "task \"page\" {\n hosts = \"@web\"\n" + block + "}\n"
		}
		p := &project{dir: t.TempDir(), home: t.TempDir()}
		p.write(t, "unpack.sh", "true\n")
		p.write(t, "app.conf.tmpl", "port = ${port}\n")
		p.write(t, "nginx.conf.tftpl", "worker_processes ${workers};\n")
		for file, text := range map[string]string{"dist/app-1.0.tgz": "a release\n", "public/index.html": "<p>\n", "site/index.html": "<p>\n"} {
			if err := os.MkdirAll(filepath.Join(p.dir, filepath.Dir(file)), 0o700); err != nil {
				t.Fatal(err)
			}
			p.write(t, file, text)
		}
		p.write(t, "page.fleet.hcl", around+block)
		if status, _, stderr := p.fleet(t, "validate"); status != 0 || stderr != "" {
			t.Errorf("%s\n%s", block, stderr)
		}
	}
}

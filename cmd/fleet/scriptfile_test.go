package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAScriptRunsByItsInterpreter(t *testing.T) {
	tests := []struct {
		name, text, want string
		status           int
	}{
		{name: "none", text: "echo $1", want: "a b\n"},
		{name: "sh", text: "#!/bin/sh\necho $0 $#", want: "sh 2\n"},
		{name: "sh with an option", text: "#!/bin/sh -e\nfalse\necho never", status: 1},
		{name: "blanks", text: "#! \t/bin/cat\t \nall of it\n", want: "#! \t/bin/cat\t \nall of it\n"},
		{name: "its options are one word", text: "#!/usr/bin/env -S cat -u --\nx\n", want: "#!/usr/bin/env -S cat -u --\nx\n"},
		{name: "nothing is expanded", text: "#!/bin/cat\n$HOME `id` \\ ' \"\n", want: "#!/bin/cat\n$HOME `id` \\ ' \"\n"},
		{name: "nor is the program", text: "#!/no/$(exit)/$HOME\n", status: 127},
		{name: "the mark of the end", text: "#!/bin/cat\nFLEET_END_OF_SCRIPT\nmore\n", want: "#!/bin/cat\nFLEET_END_OF_SCRIPT\nmore\n"},
		{name: "its status", text: "#!/bin/sh -u\nexit 7", status: 7},
		{name: "no program", text: "#!\necho x", want: "x\n"},
		{name: "no last newline", text: "#!/bin/sh -e\nprintf '%s|' \"$@\"", want: "a b|c|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command("/bin/sh", "-c", withInterpreter(tt.text), "sh")
			if !strings.Contains(tt.text, "cat") { // which would take them for files
				cmd.Args = append(cmd.Args, "a b", "c")
			}
			cmd.Env = append(os.Environ(), "TMPDIR="+dir)
			got, err := cmd.Output()
			status := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				status = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want || status != tt.status {
				t.Errorf("got %q and status %d, want %q and %d", got, status, tt.want, tt.status)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

func TestReadScriptRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{name: "a program", text: "\x7fELF\x02\x01\x00", want: "is not a text file"},
		{name: "nothing", text: " \n", want: "is empty"},
		{name: "too much", text: strings.Repeat("x", scriptMax+1), want: "is larger than 4 MiB"},
		{name: "Windows lines", text: "echo x\r\n", want: "CR LF"},
		{name: "of sh", text: "#!/bin/sh\r\necho x\r\n", want: "CR LF"},
		{name: "of bash by env", text: "#!/usr/bin/env bash\r\necho x\r\n", want: "CR LF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readScript(strings.NewReader(tt.text), "-")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReadScriptTakes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{name: "a byte order mark", text: "\ufeffecho x", want: "echo x"},
		{name: "Windows lines of python", text: "#!/usr/bin/env python3\r\nprint()\r\n", want: "#!/usr/bin/env python3\r\nprint()\r\n"},
		{name: "a CR further down", text: "cat <<E\nx\r\nE\n", want: "cat <<E\nx\r\nE\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readScript(nil, file)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

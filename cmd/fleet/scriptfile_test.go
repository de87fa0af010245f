package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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

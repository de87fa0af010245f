//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAProgramThatAnswers(t *testing.T) {
	tests := []struct{ name, script, want, wrong string }{
		{"an answer", `printf '%s\r\n' "to $1"`, "to what?", ""},
		{"without an end", "exec yes", "", "longer than 64 KiB"},
		{"no answer", "exit 3", "", "exit status 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "askpass")
			if err := os.WriteFile(program, []byte("#!/bin/sh\n"+tt.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			secret, err := askProgram(t.Context(), program, "what?")
			if secret.Reveal() != tt.want || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("got %q, %v", secret.Reveal(), err)
			}
		})
	}
}

package tasks

import (
	"slices"
	"testing"
)

func TestAScriptRunsByWhatItsFirstLineNames(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // nil is /bin/sh
	}{
		{name: "nothing", text: "echo $1"},
		{name: "sh", text: "#!/bin/sh\necho $0 $#"},
		{name: "dash", text: "#! /usr/bin/dash\n"},
		{name: "sh with an option", text: "#!/bin/sh -e\nfalse", want: []string{"/bin/sh", "-e"}},
		{name: "blanks", text: "#! \t/bin/cat\t \nall of it\n", want: []string{"/bin/cat"}},
		{name: "options are one word", text: "#!/usr/bin/env -S cat -u --\nx\n", want: []string{"/usr/bin/env", "-S cat -u --"}},
		{name: "no program", text: "#!\necho x"},
		{name: "one line", text: "#!/usr/bin/env python3", want: []string{"/usr/bin/env", "python3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Interpreter(tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

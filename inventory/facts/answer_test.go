package facts

import (
	"strings"
	"testing"
)

func TestAFactThatIsNoneIsNull(t *testing.T) {
	tests := []struct {
		name, answer, fact string
		want               any
	}{
		{"missing", "os=Linux\n", "arch", nil},
		{"empty", "arch=\n", "arch", nil},
		{"an escape sequence", "kernel=6.1\x1b[2J\n", "kernel", nil},
		{"no text", "kernel=\xff\xfe\n", "kernel", nil},
		{"a character that turns the line around", "hostname=a\u202eb\n", "hostname", nil},
		{"too long", "hostname=" + strings.Repeat("x", 300) + "\n", "hostname", nil},
		{"a word for a number", "cpus=many\n", "cpus", nil},
		{"a negative number", "cpus=-1\n", "cpus", nil},
		{"no processors", "cpus=0\n", "cpus", nil},
		{"a number past all bounds", "memory_bytes=99999999999999999999999\n", "memory", nil},
		{"less than one MiB", "memory_kib=100\n", "memory", nil},
		{"two lines for one", "cpus=2\n3\n", "cpus", 2},
		{"quotes of os-release", "distro_version=\"22.04\"\n", "distro_version", "22.04"},
		{"single quotes", "distro='alpine'\n", "distro", "alpine"},
		{"half a quote", "distro=\"\n", "distro", `"`},
		{"upper case", "distro=OpenBSD\n", "distro", "openbsd"},
		{"CRLF", "arch=x86_64\r\n", "arch", "x86_64"},
		{"no end of line", "arch=x86_64", "arch", "x86_64"},
		{"a start-up file that speaks", "Welcome!\nos=chatter\nos=Linux\n", "os", "linux"},
		{"an equals sign in the value", "hostname=a=b\n", "hostname", "a=b"},
		{"memory in KiB", "memory_kib=24684092\n", "memory", 24105},
		{"memory in bytes", "memory_bytes=17179869184\n", "memory", 16384},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := plain(parse(tt.answer).GetAttr(tt.fact)); got != tt.want {
				t.Errorf("%s is %v, not %v", tt.fact, got, tt.want)
			}
		})
	}
}

// Whatever a host answers is an object of the one type, without a control
// character in it.
func FuzzParse(f *testing.F) {
	f.Add("os=Linux\ncpus=2\nmemory_kib=1024\n")
	f.Add("os=\x00\ndistro=\"\"\n=\n\n=x")
	f.Add("cpus=1e400\nmemory_bytes=-0\nmemory_kib=")
	f.Fuzz(func(t *testing.T, answer string) {
		v := parse(answer)
		if !v.Type().Equals(Type()) {
			t.Fatalf("the type is %s", v.Type().GoString())
		}
		for name, fact := range v.AsValueMap() {
			if s, ok := plain(fact).(string); ok && strings.ContainsAny(s, "\x00\x1b\n\r\x7f") {
				t.Errorf("%s is %q", name, s)
			}
			if n, ok := plain(fact).(int); ok && n < 1 {
				t.Errorf("%s is %d", name, n)
			}
		}
	})
}

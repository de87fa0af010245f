package sshconfig

import (
	"context"
	"strings"
	"testing"
)

// FuzzLoad reads any text as a configuration and resolves a host. Commands of
// Match exec are not run: the context has ended.
func FuzzLoad(f *testing.F) {
	for _, text := range writtenCases() {
		f.Add(text)
	}
	f.Add("Include *\nMatch exec 'x \"%h\"' tagged a localnetwork ::/0\n")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		path := dir + "/config"
		if err := writeText(path, text); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(text), "include") {
			path = "none" // nothing outside the test is read
		}
		c, err := Load(Files{User: path, Home: dir})
		if err != nil {
			return
		}
		r, err := c.Resolve(ended, Query{Host: "web1", Options: strings.SplitN(text, "\n", 2)[:1]})
		if err != nil {
			return
		}
		if r.Value("hostname") == "" || r.Value("user") == "" || r.Value("port") == "" {
			t.Errorf("host %q, user %q, port %q", r.Value("hostname"), r.Value("user"), r.Value("port"))
		}
		Algorithms(r.Value("ciphers"), []string{"a", "b"}, []string{"a", "b", "c"})
	})
}

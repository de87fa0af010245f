package sshconfig

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkResolve resolves one host in a file of 2,000 lines: 495 Host blocks
// of four lines, a tenth of them with patterns, and settings for all.
func BenchmarkResolve(b *testing.B) {
	var text strings.Builder
	for i := range 495 {
		name := fmt.Sprintf("host%04d host%04d.example.com", i, i)
		if i%10 == 0 {
			name = fmt.Sprintf("*.zone%d.example.com web%d-*", i, i)
		}
		fmt.Fprintf(&text, "Host %s\n  User user%d\n  HostName %%h.lan\n  IdentityFile ~/.ssh/%%r\n", name, i)
	}
	text.WriteString("Match user user7*\n  ProxyJump bastion\nHost *\n  ServerAliveInterval 15\n  SendEnv LANG LC_*\n")
	text.WriteString(strings.Repeat("  # the rest\n", 14) + "  StrictHostKeyChecking yes\n")
	path := b.TempDir() + "/config"
	if err := writeText(path, text.String()); err != nil {
		b.Fatal(err)
	}
	c, err := Load(Files{User: path})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := c.Resolve(b.Context(), Query{Host: fmt.Sprintf("host%04d", i%1000)}); err != nil {
			b.Fatal(err)
		}
	}
}

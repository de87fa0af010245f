package ansible

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"fleet/inventory/source"
)

// hostile are inventories that want more memory or time than there is. With
// bad set, one must end in a problem.
func hostile() []struct {
	name, file string
	text       func() string
	bad        bool
} {
	bomb := func(lines int, line func(i int) string) string {
		var b strings.Builder
		b.WriteString("all:\n  vars:\n")
		for i := range lines {
			b.WriteString(line(i))
		}
		return b.String()
	}
	repeat := func(s string, size int) func() string {
		return func() string { return strings.Repeat(s, size/len(s)) }
	}
	return []struct {
		name, file string
		text       func() string
		bad        bool
	}{
		{"aliases that double", "h.yml", func() string {
			return bomb(60, func(i int) string {
				if i == 0 {
					return "    v0: &v0 [x, x, x, x, x, x, x, x, x]\n"
				}
				return fmt.Sprintf("    v%d: &v%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*v%d, ", i-1), 9), ", "))
			})
		}, true},
		{"merges that double", "h.yml", func() string {
			return bomb(60, func(i int) string {
				if i == 0 {
					return "    v0: &v0 {x: 1, y: 2}\n"
				}
				return fmt.Sprintf("    v%d: &v%d {<<: [%s]}\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*v%d, ", i-1), 9), ", "))
			})
		}, true},
		{"groups that hold themselves", "h.yml", func() string { return "a: &a\n  children:\n    b: *a\n    c: *a\n" }, true},
		{"a value that holds itself", "h.yml", func() string { return "all:\n  vars: &v\n    x: *v\n    y: *v\n" }, true},
		{"nesting in YAML", "h.yml", repeat("[", maxFileSize), true},
		{"nesting of blocks", "h.yml", repeat("- ", maxFileSize), true},
		{"nesting of mappings", "h.yml", repeat("{a: ", 100_000), true},
		{"nesting in JSON", "h.json", func() string { return "{\"a\":" + strings.Repeat("[", 90_000) + strings.Repeat("]", 90_000) + "}" }, true},
		{"nesting in Python", "hosts", func() string { return "[all:vars]\nx=" + strings.Repeat("[", maxLine-20) }, false},
		{"nesting in Python, again and again", "hosts", func() string { return "[all:vars]\n" + strings.Repeat("x="+strings.Repeat("{1:", 90)+"\n", 20_000) }, true},
		{"lists in Python", "hosts", func() string { return "[all:vars]\n" + strings.Repeat("x=["+strings.Repeat("1,", 100_000)+"]\n", 20) }, true},
		{"many scalars", "h.yml", repeat("a,", maxFileSize), true},
		{"many empty lines", "h.yml", repeat("\n", maxFileSize), true},
		{"a long comment", "h.yml", repeat("#", 4<<20), false},
		{"many comments", "h.yml", repeat("#\n", 2*maxMarks-10), false},
		{"many question marks", "h.yml", repeat("? ", maxFileSize), true},
		{"many anchors", "h.yml", func() string {
			return bomb(30_000, func(i int) string { return fmt.Sprintf("    v%d: &v%d {}\n", i, i) })
		}, false},
		{"many entries", "h.yml", func() string { return bomb(99_000, func(i int) string { return fmt.Sprintf("    v%d: 1\n", i) }) }, false},
		{"many lists", "h.yml", func() string {
			return bomb(49_000, func(i int) string { return fmt.Sprintf("    v%d: [2.5]\n", i) })
		}, false},
		{"many entries in JSON", "h.json", func() string { return `{"all": {"vars": {"x": [0` + strings.Repeat(",2", 199_000) + "]}}}" }, false},
		{"many empty mappings", "h.yml", func() string { return "all: {vars: {x: [" + strings.Repeat("{},", 99_000) + "]}}" }, false},
		{"a long text", "h.yml", func() string { return "all: {vars: {x: '" + strings.Repeat("y", 4<<20) + "'}}" }, false},
		{"a long number", "h.yml", func() string { return "all: {vars: {x: " + strings.Repeat("9", 1<<20) + "}}" }, false},
		{"a long key", "h.yml", func() string { return strings.Repeat("9", 1<<20) + ": x" }, true},
		{"a large file", "hosts", repeat("a\n", maxFileSize+2), true},
		{"one long line", "hosts", repeat("a", 4<<20), true},
		{"many bad lines", "hosts", repeat("[\n", maxFileSize), true},
		{"many words", "hosts", func() string { return "a " + strings.Repeat("x= ", 1<<20) }, true},
		{"many names", "hosts", func() string { return "a[1:199999]\nb\nb\nc\n" }, true},
		{"names times variables", "hosts", func() string { return "a[1:190000] x=1 y=2 z=3 u=4 v=5 w=6\n" }, true},
		{"many mentions", "hosts", func() string {
			var b strings.Builder
			for i := range 51 {
				fmt.Fprintf(&b, "[g%d]\na[1:20000]\n", i)
			}
			return b.String()
		}, true},
		{"many groups", "hosts", func() string {
			var b strings.Builder
			for i := range 1_000_000 {
				fmt.Fprintf(&b, "[g%d]\n", i)
			}
			return b.String()
		}, true},
		{"groups on groups", "hosts", func() string {
			var b strings.Builder
			for i := range 20_000 {
				fmt.Fprintf(&b, "[g%d]\nh%d\n[g%d:vars]\nansible_become=1\nx=1\n[g%d:children]\ng%d\n", i, i, i, i, i+1)
			}
			return b.String() + "[g20000]\n"
		}, true},
		{"one host in many groups", "hosts", func() string {
			var b strings.Builder
			for i := range 10_000 {
				fmt.Fprintf(&b, "[g%d]\nh\n[g%d:vars]\nansible_user=u\nansible_become=1\n", i, i)
			}
			return b.String()
		}, false},
	}
}

func TestHostileInventoriesEndSoon(t *testing.T) {
	for _, tt := range hostile() {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, files{tt.file: tt.text()})
			d, took, held := cost(func() *source.Data { return Load(t.Context(), Options{Path: filepath.Join(dir, tt.file)}) })
			errors := 0
			for _, p := range d.Problems {
				if !p.Warning {
					errors++
				}
				if len(p.Detail) > 1000 {
					t.Errorf("a problem of %d bytes", len(p.Detail))
				}
			}
			if tt.bad != (errors > 0) {
				t.Errorf("%d errors: %.300v", errors, d.Problems)
			}
			if len(d.Problems) > 2*maxProblems {
				t.Errorf("%d problems", len(d.Problems))
			}
			// Each takes less than two seconds on a quiet machine. What grows
			// without bounds takes hours, so a slow machine does not matter.
			if took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
			if held > 128<<20 {
				t.Errorf("it holds %d MiB", held>>20)
			}
		})
	}
}

// cost measures the time of f, and the memory that what it returns holds.
func cost(f func() *source.Data) (d *source.Data, took time.Duration, held uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	d = f()
	took = time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	return d, took, max(after.HeapInuse, before.HeapInuse) - before.HeapInuse
}

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// costs are what runs of each program came to.
type costs map[string][]cost

func (c costs) add(name string, one cost) { c[name] = append(c[name], one) }

// report tells the medians, and the most memory of all runs.
func (c costs) report(b *testing.B) {
	for name, runs := range c {
		var wall, cpu []float64
		peak := 0.0
		for _, one := range runs {
			wall, cpu, peak = append(wall, one.wall), append(cpu, one.cpu), max(peak, one.peak)
		}
		b.ReportMetric(middle(wall), name+"-s")
		b.ReportMetric(middle(cpu), name+"-cpu-s")
		b.ReportMetric(peak, name+"-peak-MB")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFilesMany sends one file to many hosts and gets it from all of them,
// with one fleet, and with as many scp at a time as there are hosts.
func BenchmarkFilesMany(b *testing.B) {
	n, size, rounds := sized(20, 3), int64(sized(100, 10))*1_000_000, sized(3, 1)
	h := startFileHosts(b, n, 0)
	local, back := filepath.Join(b.TempDir(), "data"), b.TempDir()
	noise(b, local, size)
	for b.Loop() {
		all := costs{}
		for range rounds {
			h.clear(b)
			all.add("scp-push", spend(b, h.each(func(name, _ string) *exec.Cmd { return h.scp(local, name+":data") })...))
			h.clear(b)
			all.add("fleet-push", spend(b, h.fleet(b, "push", local, "data")))
			for _, home := range h.homes {
				same(b, local, filepath.Join(home, "data"))
			}
			all.add("fleet-again", spend(b, h.fleet(b, "push", local, "data")))
			all.add("scp-pull", spend(b, h.each(func(name, _ string) *exec.Cmd { return h.scp(name+":data", filepath.Join(back, name)) })...))
			empty(b, back)
			all.add("fleet-pull", spend(b, h.fleet(b, "pull", "data", back)))
			for _, name := range h.names {
				same(b, local, filepath.Join(back, name, "data"))
			}
			empty(b, back)
		}
		all.report(b)
	}
}

func (h *fileHosts) each(client func(name, home string) *exec.Cmd) []*exec.Cmd {
	var all []*exec.Cmd
	for i, name := range h.names {
		all = append(all, client(name, h.homes[i]))
	}
	return all
}

// BenchmarkFilesTree makes a tree of small files on a host that is 20 ms away
// what one here is, when there is nothing yet, and when there is nothing to do;
// and the other way. Nothing is removed until the end: ext4 does not give away again
// inodes that were freed lately, and looks at all of them for each new file,
// which takes several times what is to be measured, and of who comes second the most.
func BenchmarkFilesTree(b *testing.B) {
	need(b, "rsync")
	files, rounds := sized(5000, 500), sized(3, 1)
	h := startFileHosts(b, 1, 20*time.Millisecond)
	home, name := h.homes[0], h.names[0]
	local, back := filepath.Join(b.TempDir(), "tree"), b.TempDir()
	smallFiles(b, local, files)
	n := 0
	for b.Loop() {
		all := costs{}
		for range rounds {
			n++
			rsync, fleet := fmt.Sprintf("rsync%d", n), fmt.Sprintf("fleet%d", n)
			for _, state := range []string{"new", "same"} {
				all.add("rsync-push-"+state, spend(b, h.rsync(local+"/", name+":"+rsync)))
				all.add("fleet-push-"+state, spend(b, h.fleet(b, "push", local+"/", fleet)))
			}
			sameTree(b, filepath.Join(home, rsync), filepath.Join(home, fleet))
			for _, state := range []string{"new", "same"} {
				all.add("rsync-pull-"+state, spend(b, h.rsync(name+":"+rsync+"/", filepath.Join(back, rsync))))
				all.add("fleet-pull-"+state, spend(b, h.fleet(b, "pull", fleet, back)))
			}
			sameTree(b, filepath.Join(back, rsync), filepath.Join(back, name, fleet))
		}
		all.report(b)
	}
}

// smallFiles makes a tree of files of 1 to 8 KiB, 100 in a folder.
func smallFiles(b *testing.B, dir string, n int) {
	b.Helper()
	for i := range n {
		folder := filepath.Join(dir, fmt.Sprintf("folder%03d", i/100))
		if i%100 == 0 {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("file%05d", i)), pattern(i, 1024*(1+i%8)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// sameTree fails unless diff finds both to be the same.
func sameTree(b *testing.B, a, other string) {
	b.Helper()
	if out, err := exec.Command("diff", "-r", a, other).CombinedOutput(); err != nil {
		b.Fatalf("%v: %.1000s", err, out)
	}
}

// BenchmarkFilesFar sends one big file to a host that is 100 ms away, and gets it
// back.
func BenchmarkFilesFar(b *testing.B) {
	size, rounds := sized(400, 40), sized(3, 1)
	h := startFileHosts(b, 1, 100*time.Millisecond)
	home, name := h.homes[0], h.names[0]
	local, back := filepath.Join(b.TempDir(), "data"), b.TempDir()
	noise(b, local, int64(size)*1_000_000)
	for b.Loop() {
		all := costs{}
		for range rounds {
			h.clear(b)
			empty(b, back)
			all.add("scp-push", spend(b, h.scp(local, name+":scp")))
			all.add("fleet-push", spend(b, h.fleet(b, "push", local, "fleet")))
			same(b, local, filepath.Join(home, "fleet"))
			all.add("scp-pull", spend(b, h.scp(name+":scp", filepath.Join(back, "scp"))))
			all.add("fleet-pull", spend(b, h.fleet(b, "pull", "fleet", back)))
			same(b, local, filepath.Join(back, name, "fleet"))
		}
		all.report(b)
	}
	b.ReportMetric(float64(size), "MB")
}

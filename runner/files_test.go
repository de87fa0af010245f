//go:build !windows

package runner_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fleet/event"
	"fleet/internal/sshd"
	"fleet/internal/sshd/sshdtest"
	"fleet/inventory"
	"fleet/pool"
	"fleet/runner"
	"fleet/tasks"
	"fleet/transport"
)

// A disks is hosts with files: embedded servers, each with a login folder of its own.
type disks struct {
	transport.Transport
	servers map[string]*sshd.Server
	targets map[string]transport.Target
	homes   map[string]string
	opened  atomic.Int32 // subsystems
	open    atomic.Int32 // of them, those that are
	last    atomic.Pointer[counted]
	sends   func() // called when something goes over one, after what opens it; nil: nothing is done
}

// newDisks starts a server for each host.
func newDisks(t *testing.T, hosts ...string) *disks {
	t.Helper()
	p := pool.New(pool.Config{})
	d := &disks{Transport: p, servers: map[string]*sshd.Server{}, targets: map[string]transport.Target{}, homes: map[string]string{}}
	for _, name := range hosts {
		d.start(t, name)
	}
	t.Cleanup(func() { // before the servers
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *disks) start(t *testing.T, name string) {
	home := t.TempDir()
	s, addr := sshdtest.Start(t, sshd.Config{Home: home})
	d.servers[name], d.homes[name] = s, home
	d.targets[name] = transport.Target{
		Name: name, Address: addr.IP.String(), Port: addr.Port, User: "user",
		HostKey: transport.HostKey{Policy: transport.HostKeyOff},
		Link:    transport.LinkOptions{ConnectTimeout: time.Minute},
	}
}

// Open counts what is opened.
func (d *disks) Open(ctx context.Context, t transport.Target, subsystem string) (io.ReadWriteCloser, error) {
	s, err := d.Transport.Open(ctx, t, subsystem)
	if err != nil {
		return nil, err
	}
	d.opened.Add(1)
	d.open.Add(1)
	c := &counted{ReadWriteCloser: s, open: &d.open, sends: d.sends}
	d.last.Store(c)
	return c, nil
}

type counted struct {
	io.ReadWriteCloser
	open   *atomic.Int32
	closed atomic.Bool
	sends  func()
	wrote  atomic.Int32
}

func (c *counted) Write(p []byte) (int, error) {
	if c.wrote.Add(1) > 2 && c.sends != nil {
		c.sends()
	}
	return c.ReadWriteCloser.Write(p)
}

func (c *counted) Close() error {
	if !c.closed.Swap(true) {
		c.open.Add(-1)
	}
	return c.ReadWriteCloser.Close()
}

// put writes a file on a host.
func (d *disks) put(t *testing.T, host, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.homes[host], name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// holds checks what a file on a host has in it.
func (d *disks) holds(t *testing.T, host, name, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(d.homes[host], name))
	if err != nil || string(got) != want {
		t.Errorf("%s: %s holds %q (%v), want %q", host, name, got, err, want)
	}
}

// settings are what all runs on the disks have in common.
func (d *disks) settings(p *play, plan *tasks.Plan) {
	p.Plan, p.Transport, p.Local, p.Sink = plan, d, transport.Local{}, &p.recorder
	p.Target = func(_ context.Context, h *inventory.Host) (transport.Target, error) { return d.targets[h.Name], nil }
}

// apply carries source out.
func (d *disks) apply(t *testing.T, source string, change ...func(*runner.Tasks)) *play {
	t.Helper()
	return d.applyIn(t.Context(), t, source, change...)
}

func (d *disks) applyIn(ctx context.Context, t *testing.T, source string, change ...func(*runner.Tasks)) *play {
	t.Helper()
	p := new(play)
	d.settings(p, plan(t, source))
	for _, f := range change {
		f(&p.Tasks)
	}
	p.summary = runner.Apply(ctx, &p.Tasks)
	if n := d.open.Load(); n != 0 {
		t.Errorf("%d sessions are left open", n)
	}
	return p
}

// preview finds out what source would come to.
func (d *disks) preview(t *testing.T, source string) *runner.Preview {
	t.Helper()
	p := new(play)
	d.settings(p, plan(t, source))
	p.Diff = true
	preview := runner.Look(t.Context(), &p.Tasks)
	if n := d.open.Load(); n != 0 {
		t.Errorf("%d sessions are left open", n)
	}
	return preview
}

// end is the step_end of a step on a host.
func (p *play) end(t *testing.T, host, step string) event.Event {
	t.Helper()
	for _, e := range p.of(event.StepEnd) {
		if e.Host == host && e.Step == step {
			return e
		}
	}
	t.Fatalf("%s: step %s has not ended", host, step)
	return event.Event{}
}

const writesAFile = `
task "t" {
  hosts = "h[01-02]"
  step "config" {
    copy {
      content     = "port = 80\n"
      destination = "app.conf"
    }
    notify = ["restart"]
  }
  handler "restart" { command = "echo again >>restarts" }
}`

func TestACopyChangesOnlyWhatIsNotSo(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02")
	d.put(t, "h02", "app.conf", "port = 80\n")
	p := d.apply(t, writesAFile)
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 ok"})
	d.holds(t, "h01", "app.conf", "port = 80\n")
	d.holds(t, "h01", "restarts", "again\n")
	if e := p.end(t, "h01", "config"); !e.Changed || e.Files != 1 || e.Bytes != 10 || e.Status != 0 {
		t.Errorf("h01: %+v", e)
	}
	if got := p.said("h01", "config"); got != "created "+filepath.Join(d.homes["h01"], "app.conf")+"\n" {
		t.Errorf("h01 printed %q", got)
	}
	if e := p.end(t, "h02", "config"); e.Outcome != event.OK || e.Changed || e.Files != 0 || e.Bytes != 0 {
		t.Errorf("h02: %+v", e)
	}
	if _, err := os.Stat(filepath.Join(d.homes["h02"], "restarts")); err == nil {
		t.Error("h02: the handler was carried out, and nothing had changed")
	}
	if p.said("h02", "config") != "" {
		t.Errorf("h02 printed %q", p.said("h02", "config"))
	}
}

func TestWhatWasChangedIsKnownToExpressions(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01")
	p := d.apply(t, `
task "t" {
  hosts = "h01"
  step "one" {
    copy {
      content     = "x"
      destination = "one"
    }
  }
  step "two" {
    copy {
      content     = "x"
      destination = "one"
    }
    changed = !self.changed
  }
  step "three" {
    when    = step.one.changed && step.two.changed
    command = "echo ${shellquote(step.one.stdout)}"
  }
}`)
	equal(t, "story", p.story("h01"), []string{"one ok", "two ok", "three ok"})
	if got := p.said("h01", "three"); !strings.HasPrefix(got, "created ") {
		t.Errorf("got %q", got)
	}
}

func TestTheFilesOfAHostStayOpenForItsNextStep(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01")
	copies := `
  step "NAME" {
    copy {
      content     = "NAME"
      destination = "NAME"
    }
  }`
	p := d.apply(t, `task "t" {
  hosts = "h01"
`+strings.ReplaceAll(copies, "NAME", "a")+strings.ReplaceAll(copies, "NAME", "b")+strings.ReplaceAll(copies, "NAME", "c")+"\n}")
	equal(t, "story", p.story("h01"), []string{"a ok", "b ok", "c ok"})
	if n := d.opened.Load(); n != 1 {
		t.Errorf("they were opened %d times, want 1", n)
	}
}

func TestFilesAreOpenedAnewWhereTheLinkWasLostBetweenSteps(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01")
	d.put(t, "h01", "log", "a line\n")
	into := t.TempDir()
	p := d.apply(t, `
task "t" {
  hosts = "h01"
  step "put" {
    copy {
      content     = "x"
      destination = "x"
    }
  }
  step "get" {
    fetch {
      source      = "log"
      destination = "`+into+`/log"
    }
  }
}`, func(c *runner.Tasks) {
		next := c.Sink
		c.Sink = event.SinkFunc(func(e *event.Event) {
			if e.Type == event.StepEnd && e.Step == "put" {
				if err := d.last.Load().Close(); err != nil { // as a server that starts anew
					t.Error(err)
				}
			}
			next.Emit(e)
		})
	})
	equal(t, "story", p.story("h01"), []string{"put ok", "get ok"})
	if e := p.end(t, "h01", "get"); e.Attempt != 1 {
		t.Errorf("it took %d attempts", e.Attempt)
	}
	if got, err := os.ReadFile(filepath.Join(into, "log")); err != nil || string(got) != "a line\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWhatAnAttemptHasChangedCountsInTheNext(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01")
	p := d.apply(t, `
task "t" {
  hosts = "h01"
  step "config" {
    copy {
      content     = "port = 80\n"
      destination = "app.conf"
    }
    failed = self.stdout != ""
    retry { attempts = 2 }
    notify = ["restart"]
  }
  handler "restart" { command = "true" }
}`)
	equal(t, "story", p.story("h01"), []string{"config ok", "handlers.restart ok"})
	if e := p.end(t, "h01", "config"); !e.Changed || e.Attempt != 2 || e.Files != 1 || e.Bytes != 10 {
		t.Errorf("got %+v", e)
	}
}

func TestAnErrorOfATransferIsThatOfTheStep(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02")
	d.put(t, "h01", "app.conf", "old")
	d.put(t, "h02", "app.conf", "old")
	p := d.apply(t, `
task "t" {
  hosts = "h[01-02]"
  step "config" {
    template {
      source      = "`+write(t, "app.tmpl", "name = ${host.name}\n")+`"
      destination = "app.conf"
      validate    = "grep -q h02 %s"
    }
  }
  step "after" { command = "true" }
}`)
	equal(t, "story", p.story("h01"), []string{"config failed"})
	equal(t, "story", p.story("h02"), []string{"config ok", "after ok"})
	d.holds(t, "h01", "app.conf", "old")
	d.holds(t, "h02", "app.conf", "name = h02\n")
	e := p.end(t, "h01", "config")
	if e.Outcome != event.Failed || e.Changed || e.Kind != "" || e.Error == "" || strings.Contains(e.Error, "hint") {
		t.Errorf("got %+v", e)
	}
}

// write makes a local file and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheLimitsOfTimeBoundATransfer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ limit, want string }{
		{`timeout = "300ms"`, "timed out after 300ms"},
		{`idle_timeout = "300ms"`, "nothing moved for 300ms"},
	} {
		t.Run(tt.limit, func(t *testing.T) {
			t.Parallel()
			d := newDisks(t, "h01")
			if err := d.servers["h01"].SetFaults(sshd.Faults{Files: sshd.FileFaults{Delay: time.Minute}}); err != nil {
				t.Fatal(err)
			}
			p := d.apply(t, `
task "t" {
  hosts = "h01"
  step "one" {
    copy {
      content     = "x"
      destination = "x"
    }
    `+tt.limit+`
  }
}`)
			if e := p.end(t, "h01", "one"); e.Outcome != event.Timeout || e.Error != tt.want {
				t.Errorf("got %s, %q, want %q", e.Outcome, e.Error, tt.want)
			}
		})
	}
}

func TestATransferToAHostThatIsAwayDoesNotFailTheStep(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02")
	if err := d.servers["h02"].Close(); err != nil {
		t.Fatal(err)
	}
	p := d.apply(t, writesAFile)
	if e := p.end(t, "h02", "config"); e.Outcome != event.Unreachable || e.Kind != string(transport.KindUnreachable) {
		t.Errorf("got %s, %q", e.Outcome, e.Error)
	}
	if n := p.summary.Counts[event.OK]; n != 1 {
		t.Errorf("%d hosts are well, want 1", n)
	}
}

func TestATransferGoesOnAfterTheLinkWasLost(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01")
	const size = 6_000_000
	faults := sshd.Faults{Files: sshd.FileFaults{DropWrites: size * 2 / 3}} // on each connection
	if err := d.servers["h01"].SetFaults(faults); err != nil {
		t.Fatal(err)
	}
	p := d.apply(t, `
task "t" {
  hosts = "h01"
  step "big" {
    copy {
      source      = "`+write(t, "big", strings.Repeat("0123456789", size/10))+`"
      destination = "big"
    }
  }
}`)
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok"})
	if is, err := os.Stat(filepath.Join(d.homes["h01"], "big")); err != nil || is.Size() != size {
		t.Errorf("%v, %v", is, err)
	}
	if names, err := os.ReadDir(d.homes["h01"]); err != nil || len(names) != 1 {
		t.Errorf("there are %v (%v)", names, err)
	}
}

func TestATransferThatIsStoppedLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01")
	if err := d.servers["h01"].SetFaults(sshd.Faults{Files: sshd.FileFaults{Delay: 100 * time.Millisecond}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	d.sends = func() { cancel(&runner.Stop{Why: event.Interrupted}) }
	p := d.applyIn(ctx, t, strings.ReplaceAll(writesAFile, "h[01-02]", "h01"))
	if e := p.end(t, "h01", "config"); e.Outcome != event.Stopped || e.Error != "interrupted" || e.Changed {
		t.Errorf("got %s, %q", e.Outcome, e.Error)
	}
	if p.summary.ExitStatus() != 130 {
		t.Errorf("exit status %d, want 130", p.summary.ExitStatus())
	}
	if names, err := os.ReadDir(d.homes["h01"]); err != nil || len(names) != 0 {
		t.Errorf("there are %v (%v)", names, err)
	}
}

func TestAPreviewOfWhatIsDoneOnce(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02")
	d.put(t, "h01", "app.conf", "x")
	got := shown(d.preview(t, `
task "t" {
  hosts = "h[01-02]"
  step "same" {
    once = true
    copy {
      content     = "x"
      destination = "app.conf"
    }
  }
  step "other" {
    once = true
    for_each = ["a", "b", "app.conf"]
    copy {
      content     = "x"
      destination = each.key
    }
  }
}`))
	want := "t.same skip h01,h02: unchanged\n" +
		"t.other run h01: 2 files would change\n" +
		"t.other skip h02: carried out once, on h01 or whichever host gets there first\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTreesGoAndCome(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02")
	tree, back := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(tree, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := d.apply(t, `
task "t" {
  hosts = "h[01-02]"
  step "out" {
    sync {
      source      = "`+tree+`/"
      destination = "www"
    }
  }
  step "back" {
    fetch {
      source      = "www/"
      destination = "`+back+`/{host}/deep/www"
    }
  }
  step "here" {
    local = true
    copy {
      content     = host.name
      destination = "`+back+`/${host.name}.txt"
    }
  }
}`)
	equal(t, "outcomes", p.outcomes(t), []string{"h01 ok", "h02 ok"})
	for _, path := range []string{"h01/deep/www/a", "h02/deep/www/b", "h01.txt"} {
		if _, err := os.Stat(filepath.Join(back, path)); err != nil {
			t.Error(err)
		}
	}
	if e := p.end(t, "h01", "out"); e.Files != 2 || e.Bytes == 0 || !e.Changed {
		t.Errorf("%+v", e)
	}
	if e := p.end(t, "h01", "back"); e.Files != 2 || !e.Changed {
		t.Errorf("%+v", e)
	}
}

func TestADiffIsPartOfTheOutputWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02")
	d.put(t, "h01", "app.conf", "port = 79\n")
	p := d.apply(t, writesAFile, func(c *runner.Tasks) { c.Diff = true })
	if got := p.said("h01", "config"); !strings.Contains(got, "-port = 79\n+port = 80\n") {
		t.Errorf("h01 printed %q", got)
	}
}

func TestAPreviewTellsWhatTransfersWouldChange(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02", "h03", "h04")
	d.put(t, "h01", "app.conf", "old\n")
	d.put(t, "h02", "app.conf", "old\n")
	d.put(t, "h03", "app.conf", "new\n")
	d.put(t, "h04", "app.conf", "other\n")
	preview := d.preview(t, `
task "t" {
  hosts = "h[01-04]"
  step "config" {
    copy {
      content     = "new\n"
      destination = "app.conf"
    }
    notify = ["restart"]
  }
  step "check" {
    when    = step.config.changed
    command = "check"
  }
  handler "restart" { command = "restart" }
}`)
	want := `t.config run h01,h02,h04: 1 file would change
t.config skip h03: unchanged
t.check later h01,h02,h04
t.check skip h03: when is false: step.config.changed
t.restart later h01,h02,h04: if it is notified
t.restart skip h03: not notified
`
	if got := shown(preview); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	diffs := preview.Tasks[0].Steps[0].Groups[0].Diffs
	if len(diffs) != 2 || strings.Join(diffs[0].Hosts, ",") != "h01,h02" || !strings.Contains(diffs[0].Text, "-old\n+new\n") || !strings.Contains(diffs[1].Text, "-other\n") {
		t.Errorf("the diffs: %q", diffs)
	}
	d.holds(t, "h01", "app.conf", "old\n")
}

func TestAPreviewCannotKnowWhatAStepBeforeMakesPossible(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01")
	const source = `
task "t" {
  hosts = "h01"
  BEFORE
  step "config" {
    copy {
      content     = "x"
      destination = "new/app.conf"
    }
  }
}`
	got := shown(d.preview(t, strings.Replace(source, "BEFORE", `step "folder" { command = "mkdir new" }`, 1)))
	if !strings.Contains(got, "t.config later h01") {
		t.Errorf("got %s", got)
	}
	got = shown(d.preview(t, strings.Replace(source, "BEFORE", "", 1)))
	if !strings.Contains(got, "t.config error h01") {
		t.Errorf("got %s", got)
	}
}

func TestAPreviewKnowsThatAStepBeforeChangesWhatIsFetched(t *testing.T) {
	t.Parallel()
	d := newDisks(t, "h01", "h02")
	d.put(t, "h01", "app.conf", "old\n")
	d.put(t, "h02", "app.conf", "new\n")
	back := t.TempDir()
	for _, host := range []string{"h01", "h02"} {
		if err := os.WriteFile(filepath.Join(back, host+".conf"), []byte("new\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := shown(d.preview(t, `
task "t" {
  hosts = "h[01-02]"
  step "config" {
    copy {
      content     = "new\n"
      destination = "app.conf"
    }
  }
  step "back" {
    fetch {
      source      = "./app.conf"
      destination = "`+back+`/{host}.conf"
    }
  }
}`))
	if !strings.Contains(got, "t.back later h01: a step before it would change what is fetched\n") || strings.Contains(got, "t.back later h01,h02") {
		t.Errorf("got %s", got)
	}
}

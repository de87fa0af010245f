package runner_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"fleet/event"
	"fleet/inventory"
	"fleet/inventory/facts"
	"fleet/runner"
	"fleet/tasks"
	"fleet/transport"
)

// look makes a preview on a stage.
func (p *play) look(ctx context.Context, plan *tasks.Plan) *runner.Preview {
	p.stage, p.local = &stage{acts: p.acts}, &stage{acts: p.acts}
	p.Plan, p.Transport, p.Local, p.Sink = plan, p.stage, p.local, &p.recorder
	p.Target = func(_ context.Context, h *inventory.Host) (transport.Target, error) {
		return transport.Target{Name: h.Name}, nil
	}
	preview := runner.Look(ctx, &p.Tasks)
	p.summary = preview.Summary
	return preview
}

// shown is a preview as text, a line for each group.
func shown(p *runner.Preview) string {
	var b strings.Builder
	for _, t := range p.Tasks {
		for _, s := range t.Steps {
			for _, g := range s.Groups {
				fmt.Fprintf(&b, "%s.%s %s %s", t.Planned.Name, s.Step.Name, g.Decision, strings.Join(g.Hosts, ","))
				if g.Reason != "" {
					fmt.Fprintf(&b, ": %s", g.Reason)
				}
				for _, rule := range g.Tunnels {
					fmt.Fprintf(&b, "; %s -> %s", rule.Listen, rule.To)
				}
				b.WriteByte('\n')
			}
		}
	}
	for _, u := range p.Unreachable {
		fmt.Fprintf(&b, "%s %s: %s\n", u.Host, u.Outcome, u.Error)
	}
	return b.String()
}

// saysSkip is a host whose first guard says that there is nothing to do.
var saysSkip = prints("at 0\nskip 0\n")

// places are those of blocks in the project.
var places = regexp.MustCompile(`\S+\.fleet\.hcl:\d+`)

func TestAPreviewDecidesForEachHostAndStep(t *testing.T) {
	const always = `
  always {
    step "undrain" {
      on      = "lb1"
      command = "undrain"
    }
  }`
	tests := []struct {
		name, steps string
		acts        map[string]act
		want        string
	}{
		{"nothing to know", `step "a" { command = "a" }`, nil, "t.a run h01,h02,h03\n"},
		{
			"guards", `step "a" {
				command = "a"
				creates = "/x"
			}`,
			map[string]act{"h02 GUARD": saysSkip},
			"t.a run h01,h03\nt.a skip h02: creates /x exists\n",
		},
		{
			"when", `step "a" {
				command = "a"
				when    = host.name != "h03"
			}`, nil,
			"t.a run h01,h02\nt.a skip h03: when is false: host.name != \"h03\"\n",
		},
		{
			"results", `step "a" { command = "a" }
			step "b" {
				command = "b"
				when    = step.a.stdout != ""
			}
			step "c" { command = "c ${shellquote(step.a.stdout)}" }`, nil,
			"t.a run h01,h02,h03\nt.b later h01,h02,h03\nt.c later h01,h02,h03\n",
		},
		{
			"results of what is skipped", `step "a" {
				command = "a"
				creates = "/x"
			}
			step "b" {
				command = "b"
				when    = step.a.changed
			}`,
			map[string]act{"h02 GUARD": saysSkip},
			"t.a run h01,h03\nt.a skip h02: creates /x exists\nt.b later h01,h03\nt.b skip h02: when is false: step.a.changed\n",
		},
		{
			"unreachable", `step "a" { command = "a" }
			step "b" {
				local   = true
				command = "b"
			}`,
			map[string]act{"h02 :": unreachable},
			"t.a run h01,h03\nt.a unreachable h02: connect: connection refused\nt.b run h01,h02,h03\nh02 unreachable: connect: connection refused\n",
		},
		{
			"delegation", `step "a" { command = "a" }` + always,
			map[string]act{"lb1 :": unreachable},
			"t.a run h01,h02,h03\nt.undrain error h01,h02,h03: lb1: connect: connection refused\nlb1 unreachable: connect: connection refused\n",
		},
		{
			"a guard that fails", `step "a" {
				command = "a"
				unless  = "b"
			}`,
			map[string]act{"h01 GUARD": prints("at 0\nbad 0\n")},
			"t.a error h01: unless \"b\" is not a command that /bin/sh can read\nt.a run h02,h03\n",
		},
		{
			"a guard whose host is lost", `step "a" {
				command = "a"
				unless  = "b"
			}`,
			map[string]act{"h01 GUARD": linkLost},
			"t.a unreachable h01: the connection was lost\nt.a run h02,h03\nh01 unreachable: the connection was lost\n",
		},
		{
			"no directory yet", `step "a" {
				command = "a"
				cwd     = "/new"
				creates = "b"
			}`,
			map[string]act{"h01 GUARD": exits(125)},
			"t.a later h01: the directory \"/new\" is not there\nt.a run h02,h03\n",
		},
		{
			"handlers", `step "a" {
				command = "a"
				creates = "/x"
				notify  = ["restart"]
			}
			handler "restart" { command = "restart" }
			handler "other" { command = "other" }`,
			map[string]act{"h02 GUARD": saysSkip},
			"t.a run h01,h03\nt.a skip h02: creates /x exists\nt.restart later h01,h03: if it is notified\nt.restart skip h02: not notified\nt.other skip h01,h02,h03: not notified\n",
		},
		{
			"handlers of who cannot be asked", `step "a" {
				command = "a"
				creates = "/x"
				notify  = ["restart"]
			}
			step "b" {
				when    = host.name == "h01"
				command = "b"
				notify  = ["other"]
			}
			handler "restart" { command = "restart" }
			handler "other" { command = "other" }`,
			map[string]act{"h01 GUARD": saysSkip, "h02 :": unreachable, "h03 GUARD": prints("at 0\nbad 0\n")},
			"t.a skip h01: creates /x exists\nt.a unreachable h02: connect: connection refused\nt.a error h03: creates \"/x\" is not a command that /bin/sh can read\n" +
				"t.b run h01\nt.b skip h02,h03: when is false: host.name == \"h01\"\n" +
				"t.restart skip h01,h03: not notified\nt.restart unreachable h02: connect: connection refused\n" +
				"t.other later h01: if it is notified\nt.other skip h02,h03: not notified\nh02 unreachable: connect: connection refused\n",
		},
		{
			"once", `step "a" {
				once    = true
				command = "a"
				when    = host.name != "h01"
				creates = "/x"
			}`,
			map[string]act{"h02 :": unreachable},
			"t.a skip h01: when is false: host.name != \"h01\"\nt.a unreachable h02: connect: connection refused\nt.a run h03\nh02 unreachable: connect: connection refused\n",
		},
		{
			"once, for all", `step "a" {
				once    = true
				command = "a"
			}`, nil,
			"t.a run h01\nt.a skip h02,h03: carried out once, on h01 or whichever host gets there first\n",
		},
		{
			"once, for a canary", `rollout { canary = 1 }
			step "a" {
				once    = true
				command = "a"
			}`, nil,
			"t.a run h01\nt.a skip h02,h03: carried out once, on h01\n",
		},
		{
			"tunnels", `step "db" {
				tunnel { to = "localhost:5432" }
			}
			step "own" {
				tunnel {
					to    = "${host.name == "h03" ? "b" : "a"}:80"
					local = 15000 + (host.name == "h03" ? 1 : 0)
				}
				when = host.name != "h02"
			}
			step "use" {
				local   = true
				command = "use"
				env     = { AT = step.db.address, PORT = step.db.port }
			}
			step "on" {
				tunnel { to = "${step.db.port == null ? "a" : "b"}:80" }
			}`,
			map[string]act{"h02 :": unreachable},
			"t.db run h01,h03; 127.0.0.1:0 -> localhost:5432\nt.db unreachable h02: connect: connection refused\n" +
				"t.own run h01,h03; 127.0.0.1:15000 -> a:80; 127.0.0.1:15001 -> b:80\nt.own skip h02: when is false: host.name != \"h02\"\n" +
				"t.use later h01,h02,h03\nt.on later h01,h03\nt.on unreachable h02: connect: connection refused\n" +
				"h02 unreachable: connect: connection refused\n",
		},
		{
			"once, and nothing to do", `step "a" {
				once    = true
				command = "a"
				creates = "/x"
			}`,
			map[string]act{"h01 GUARD": saysSkip},
			"t.a skip h01,h02,h03: creates /x exists\n",
		},
		{
			"for_each", `step "a" {
				for_each = toset(["x", "y"])
				command  = "a"
				creates  = "/${each.key}"
			}`,
			map[string]act{"h01 GUARD": saysSkip, "h02 GUARD": inTurn(saysSkip, exits(0))},
			"t.a skip h01: creates /x exists\nt.a run h02,h03\n",
		},
		{
			"preconditions", `precondition {
				condition     = host.name != "h02"
				error_message = "not this one"
			}
			step "a" { command = "a" }`, nil,
			"t.a run h01,h03\nt.a error h02: precondition: PLACE: not this one\n",
		},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			for _, fanout := range []int{1, 2, 0} {
				p := &play{acts: tt.acts}
				p.Fanout = fanout
				got := shown(p.look(t.Context(), plan(t, "task \"t\" {\n hosts = \"h[01-03]\"\n"+tt.steps+"\n}")))
				got = places.ReplaceAllString(got, "PLACE")
				if got != tt.want {
					t.Errorf("fanout %d: got\n%swant\n%s", fanout, got, tt.want)
				}
				for _, c := range append(p.stage.log, p.local.log...) {
					if _, what, _ := strings.Cut(c, " "); what != ":" && what != "GUARD" {
						t.Errorf("it ran %q", c)
					}
				}
			}
		})
	}
}

func TestAPreviewIsToldAsARunWithoutSteps(t *testing.T) {
	p := &play{acts: map[string]act{"h02 :": unreachable, "h03 GUARD": prints("at 0\nbad 0\n")}}
	p.Title = "plan t"
	_ = p.look(t.Context(), plan(t, `task "t" {
		hosts = "h[01-03]"
		step "a" {
			command = "a"
			unless  = "b"
		}
	}`))
	if got := p.events[0]; got.Type != event.RunStart || got.Command != "plan t" || !slices.Equal(got.Hosts, []string{"h01", "h02", "h03"}) {
		t.Errorf("got %+v", got)
	}
	ends := map[string]event.Outcome{}
	for _, e := range p.events {
		switch e.Type {
		case event.HostEnd:
			ends[e.Host] = e.Outcome
		case event.RunStart, event.HostStart, event.RunEnd:
		default:
			t.Errorf("got %s", e.Type)
		}
	}
	if ends["h01"] != event.OK || ends["h02"] != event.Unreachable || ends["h03"] != event.Failed || len(ends) != 3 {
		t.Errorf("got %v", ends)
	}
	if p.events[len(p.events)-1].Type != event.RunEnd || p.summary.Counts[event.OK] != 1 {
		t.Errorf("got %+v", p.summary)
	}
}

func TestAPreviewGathersFacts(t *testing.T) {
	p := &play{acts: map[string]act{"FACTS": prints("os=Linux\n"), "h02 FACTS": prints("os=OpenBSD\n"), "h03 :": unreachable}}
	p.Facts = facts.New(facts.Config{Transport: transportFunc(func(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
		return p.stage.Run(ctx, t, c)
	})})
	got := shown(p.look(t.Context(), plan(t, `task "t" {
		hosts = "h[01-03]"
		step "a" {
			command = "a"
			when    = host.facts.os == "linux"
		}
	}`)))
	want := "t.a run h01\nt.a skip h02: when is false: host.facts.os == \"linux\"\nt.a unreachable h03: connect: connection refused\nh03 unreachable: connect: connection refused\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// transportFunc is a transport that can only run commands.
type transportFunc func(context.Context, transport.Target, *transport.Command) (transport.Status, error)

func (f transportFunc) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	return f(ctx, t, c)
}

func (transportFunc) Open(context.Context, transport.Target, string) (io.ReadWriteCloser, error) {
	return nil, io.ErrUnexpectedEOF
}

func (transportFunc) Dial(context.Context, transport.Target, string, string) (net.Conn, error) {
	return nil, io.ErrUnexpectedEOF
}

func (transportFunc) Listen(context.Context, transport.Target, string, string) (net.Listener, error) {
	return nil, io.ErrUnexpectedEOF
}

func (transportFunc) Connect(context.Context, transport.Target) (transport.Link, error) {
	return nil, io.ErrUnexpectedEOF
}

// Each machine is contacted once, whoever delegates to it, and a step is asked for
// once where it is for one host only.
func TestAPreviewAsksNoMoreThanItHasTo(t *testing.T) {
	p := &play{}
	p.Fanout = 3
	_ = p.look(t.Context(), plan(t, `task "t" {
		hosts = "h[01-20]"
		step "drain" {
			on      = "lb[1-2]"
			command = "drain"
		}
		step "migrate" {
			once    = true
			command = "migrate"
			unless  = "migrated"
		}
	}
	task "again" {
		hosts = "h[01-20]"
		step "a" { command = "a" }
	}`))
	if n := len(p.stage.ran(":")); n != 22 {
		t.Errorf("%d contacts, want 22", n)
	}
	if got := p.stage.ran("GUARD"); !slices.Equal(got, []string{"h01"}) {
		t.Errorf("asked %v", got)
	}
	if p.stage.most > 3 {
		t.Errorf("%d at one time", p.stage.most)
	}
}

func TestAPreviewThatIsStoppedEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var asked atomic.Int32
	p := &play{acts: map[string]act{":": func(ctx context.Context, _ *transport.Command) (transport.Status, error) {
		if asked.Add(1) == 5 {
			cancel(&runner.Stop{Why: event.Interrupted})
		}
		if ctx.Err() != nil {
			return transport.Status{}, &transport.Error{Op: "run", Kind: transport.KindCanceled, Err: context.Cause(ctx), Sent: true, Stopped: true}
		}
		return transport.Status{}, nil
	}}}
	p.Fanout = 2
	preview := p.look(ctx, plan(t, `task "t" {
		hosts = "h[01-20]"
		step "a" { command = "a" }
	}`))
	if p.summary.Why != event.Interrupted || p.summary.Counts[event.NotAttempted] == 0 || len(preview.Unreachable) > 0 {
		t.Errorf("got %+v, %v", p.summary, preview.Unreachable)
	}
	if n := p.summary.Counts[event.OK] + p.summary.Counts[event.NotAttempted]; n != 20 {
		t.Errorf("%d hosts ended", n)
	}
}

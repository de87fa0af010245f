//go:build unix

package lab

import (
	"strings"
	"testing"
	"time"

	"fleet/internal/sshd"
)

func TestFaultTexts(t *testing.T) {
	for _, tt := range []struct {
		texts []string
		want  map[int]sshd.Faults // by number of the host; the others are healthy
	}{
		{nil, nil},
		{[]string{"mute=lab03"}, map[int]sshd.Faults{3: {Mute: true}}},
		{[]string{"mute=3"}, map[int]sshd.Faults{3: {Mute: true}}},
		{[]string{"slow=lab02"}, map[int]sshd.Faults{2: {BannerDelay: 2 * time.Second}}},
		{[]string{"slow=lab02:150ms mute=lab02"}, map[int]sshd.Faults{2: {BannerDelay: 150 * time.Millisecond, Mute: true}}},
		{[]string{"drop=lab[01,03-04]:99"}, map[int]sshd.Faults{1: {DropOutput: 99}, 3: {DropOutput: 99}, 4: {DropOutput: 99}}},
		{[]string{"stall=lab01,lab03-lab04"}, map[int]sshd.Faults{1: {StallInput: true}, 3: {StallInput: true}, 4: {StallInput: true}}},
		{[]string{"max-startups=lab01:1:50:3"}, map[int]sshd.Faults{1: {MaxStartups: sshd.Startups{Begin: 1, Rate: 50, Full: 3}}}},
		{[]string{"max-startups=lab01"}, map[int]sshd.Faults{1: {MaxStartups: sshd.Startups{Begin: 10, Rate: 30, Full: 100}}}},
		{[]string{"max-startups=10:30:100"}, map[int]sshd.Faults{
			1: {MaxStartups: sshd.Startups{Begin: 10, Rate: 30, Full: 100}}, 2: {MaxStartups: sshd.Startups{Begin: 10, Rate: 30, Full: 100}},
			3: {MaxStartups: sshd.Startups{Begin: 10, Rate: 30, Full: 100}}, 4: {MaxStartups: sshd.Startups{Begin: 10, Rate: 30, Full: 100}},
		}},
		{[]string{"max-sessions=2"}, map[int]sshd.Faults{1: {MaxSessions: 2}, 2: {MaxSessions: 2}, 3: {MaxSessions: 2}, 4: {MaxSessions: 2}}},
		{[]string{"max-sessions=lab02:0"}, map[int]sshd.Faults{2: {MaxSessions: -1}}},
	} {
		t.Run(strings.Join(tt.texts, " "), func(t *testing.T) {
			hosts, err := Options{N: 4, Faults: tt.texts}.plan()
			if err != nil {
				t.Fatal(err)
			}
			for i, h := range hosts {
				want := tt.want[i+1]
				if want.MaxSessions == 0 {
					want.MaxSessions = 10
				}
				if h.faults != want {
					t.Errorf("%s: got %+v, want %+v", h.Name, h.faults, want)
				}
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{N: -1}, "1 to 10000 hosts, not -1"},
		{Options{N: 10001}, "1 to 10000 hosts"},
		{Options{Faults: []string{""}}, "KIND=HOSTS"},
		{Options{Faults: []string{"slwo=lab01"}}, `no kind "slwo"; the kinds are refuse, mute`},
		{Options{Faults: []string{"mute"}}, "on which hosts? (hint: mute=lab01)"},
		{Options{Faults: []string{"mute="}}, "on which hosts?"},
		{Options{Faults: []string{"mute=lab11"}}, `no host "lab11"; they are lab01 to lab10`},
		{Options{Faults: []string{"mute=web"}}, `no host "web"`},
		{Options{Faults: []string{"mute=lab[01"}}, "no closing bracket"},
		{Options{Faults: []string{"mute=lab03-lab01"}}, "backwards"},
		{Options{Faults: []string{"mute=lab01:5s"}}, "takes no value"},
		{Options{Faults: []string{"slow=lab01:soon"}}, `"soon" is no time`},
		{Options{Faults: []string{"slow=lab01:-1s"}}, "is no time"},
		{Options{Faults: []string{"drop=lab01:many"}}, `"many" is no number`},
		{Options{Faults: []string{"max-sessions=lab01"}}, "needs a value"},
		{Options{Faults: []string{"max-startups=lab01:10"}}, "not of the form 10:30:100"},
		{Options{Faults: []string{"max-startups=10:30:5"}}, "begin <= full"},
	} {
		err := tt.o.Check()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %q", tt.o, err, tt.want)
		}
	}
}

func TestFaultsAreDescribed(t *testing.T) {
	for i, line := range Faults() {
		kind := faultKinds()[i]
		if !strings.HasPrefix(line, kind.name+"=") || !strings.HasSuffix(line, kind.about) {
			t.Errorf("got %q", line)
		}
	}
}

func FuzzFaults(f *testing.F) {
	for _, seed := range []string{"mute=lab03", "slow=lab05:2s drop=lab[01,03-04]:7", "max-startups=10:30:100", "max-sessions=all:2", "x=:-,[", "far=1-4:9999999h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		hosts, err := Options{N: 20, Faults: []string{text}}.plan()
		if err != nil {
			return
		}
		for _, h := range hosts {
			// What was accepted is what a server can do.
			if _, err := sshd.New(sshd.Config{HostKeys: nil, NoAuth: true, Faults: h.faults}); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/sshconfig"
	"fleet/transport"
)

// route fills in the jump hosts or the proxy command.
func (r *resolution) route(ctx context.Context, t *transport.Target, h *Host) error {
	s := r.layer.settings[setJump]
	proxy := r.layer.settings[setProxyCommand]
	switch {
	case r.flags.Jump != "":
		return r.routeOver(ctx, t, h, r.flags.Jump, "-J flag")
	case r.set["proxyjump"] || r.set["proxycommand"]:
		return r.routeBySSH(ctx, t, h)
	case s != nil && (s.value != nil || proxy == nil || proxy.value == nil):
		hops, err := r.inv.way(h)
		if err != nil {
			return err
		}
		return r.routeHops(ctx, t, hops, s.origin())
	case proxy != nil:
		if t.Proxy = r.ssh.Value("proxycommand"); proxy.value == nil {
			t.Proxy = ""
		}
		r.say("proxy_command", showOr(t.Proxy, "none"), proxy.origin())
		return nil
	}
	return r.routeBySSH(ctx, t, h)
}

func (r *resolution) routeBySSH(ctx context.Context, t *transport.Target, h *Host) error {
	from := func(keyword string) string {
		if r.set[keyword] {
			return "-o flag"
		}
		return origin(r.ssh, keyword)
	}
	if t.Proxy = r.ssh.Value("proxycommand"); t.Proxy != "" {
		r.say("proxy_command", t.Proxy, from("proxycommand"))
		return nil
	}
	return r.routeOver(ctx, t, h, r.ssh.Value("proxyjump"), from("proxyjump"))
}

// routeOver takes a list as -J and ProxyJump have it; h is nil for a hop that is
// no host of the inventory.
func (r *resolution) routeOver(ctx context.Context, t *transport.Target, h *Host, list, from string) error {
	hops, err := r.inv.parseHops(list)
	if err != nil {
		return err
	}
	var out []hop
	for _, next := range hops {
		if h != nil && next.host == h {
			break // the rest of the chain leads beyond h
		}
		if next.host != nil && len(out) == 0 {
			before, err := r.inv.way(next.host)
			if err != nil {
				return err
			}
			out = append(out, before...)
		}
		out = append(out, next)
	}
	return r.routeHops(ctx, t, out, from)
}

func (r *resolution) routeHops(ctx context.Context, t *transport.Target, hops []hop, from string) error {
	names := make([]string, len(hops))
	for i, next := range hops {
		names[i] = next.name()
		target, err := r.hop(ctx, next, len(t.Jump) == 0)
		if _, endless := errors.AsType[*endlessWay](err); endless {
			return err
		}
		if err != nil {
			return fmt.Errorf("jump host %q: %w", names[i], err)
		}
		// What ssh_config puts before the first hop comes first.
		t.Jump = append(t.Jump, target.Jump...)
		target.Jump = nil
		t.Jump = append(t.Jump, target)
	}
	r.say("jump", showValue(names), from)
	return nil
}

// maxHops bounds ways that ssh_config makes endless without coming back, as
// "ProxyJump x%h" does.
const maxHops = 20

// An endlessWay is told as it is, and not once for each hop.
type endlessWay struct{ text string }

func (e *endlessWay) Error() string { return e.text }

// checkEnd tells whether the way goes on for ever. Where the first hop of a hop
// comes twice, so will all that lies between.
func (r *resolution) checkEnd(next string, first bool) error {
	if at := slices.Index(r.trail, next); at >= 0 && first {
		text := (&jumpLoop{path: append(slices.Clone(r.trail[at:]), next)}).Error()
		if from := origin(r.ssh, "proxyjump"); from != "" {
			text += " (" + from + ")"
		}
		return &endlessWay{text}
	}
	if len(r.trail) >= maxHops {
		return &endlessWay{fmt.Sprintf("the way over jump hosts has no end: %s ...; look for a ProxyJump that leads on and on", joinArrow(r.trail[:3]))}
	}
	return nil
}

// hop resolves one stop. The first one may have a way of its own in ssh_config;
// the others are reached through the one before.
func (r *resolution) hop(ctx context.Context, next hop, first bool) (transport.Target, error) {
	if err := r.checkEnd(next.name(), first); err != nil {
		return transport.Target{}, err
	}
	sub := &resolution{inv: r.inv, flags: &Flags{}, layer: r.hopLayer(next), trail: append(slices.Clip(r.trail), next.name())}
	sub.batch = r.batch || r.ssh.Value("batchmode") == "yes"
	name := next.Host
	if next.host != nil {
		name = next.host.Name
	}
	if err := sub.load(ctx, name, next.Hop); err != nil {
		return transport.Target{}, err
	}
	t := transport.Target{Name: name}
	sub.where(&t)
	if err := sub.rest(&t); err != nil {
		return t, err
	}
	if len(r.flagIdentities()) > 0 && sub.layer.settings[setIdentity] == nil {
		t.Login.Identities, t.Login.Explicit, t.Login.Optional = absolute(r.flagIdentities()), true, false
	}
	t.Env = nil // nothing runs there
	return t, sub.hopRoute(ctx, &t, next, first)
}

func (r *resolution) flagIdentities() []string { return r.inv.options.Flags.Identities }

// hopRoute follows ssh_config before the first hop. The ways that the inventory
// says are part of the chain already.
func (r *resolution) hopRoute(ctx context.Context, t *transport.Target, next hop, first bool) error {
	if next.host != nil && (r.layer.settings[setJump] != nil || r.layer.settings[setProxyCommand] != nil) {
		if s, ok := textOf(r.layer.settings[setProxyCommand]); ok && s != "" && first {
			t.Proxy = r.ssh.Value("proxycommand")
		}
		return nil
	}
	if !first {
		return nil
	}
	return r.routeBySSH(ctx, t, next.host)
}

// hopLayer is what the inventory says about a hop. To a machine that is no host
// of the inventory, only what is not about one machine applies.
func (r *resolution) hopLayer(next hop) *layer {
	if next.host != nil {
		return next.host.layer
	}
	out := &layer{}
	for _, id := range []settingID{
		setIdentity, setIdentitiesOnly, setConnectTimeout, setKeepalive, setHostKey, setKnownHosts, setLegacy,
	} {
		out.settings[id] = r.inv.base.settings[id]
	}
	return out
}

// algorithms fills in the lists of ssh_config. A list such as "+ssh-rsa" needs
// the defaults of who connects.
func (r *resolution) algorithms(l *transport.LinkOptions) error {
	for _, a := range []struct {
		keyword string
		into    *[]string
	}{
		{"ciphers", &l.Ciphers},
		{"macs", &l.MACs},
		{"kexalgorithms", &l.KeyExchanges},
		{"hostkeyalgorithms", &l.HostKeyAlgorithms},
		{"pubkeyacceptedalgorithms", &l.PubkeyAlgorithms},
	} {
		keyword, into := a.keyword, a.into
		list := r.ssh.Value(keyword)
		if r.ssh.Origin(keyword) == "" || list == "" {
			continue
		}
		known, ok := r.inv.options.Algorithms[keyword]
		switch {
		case ok:
			*into = sshconfig.Algorithms(list, known.Defaults, known.Supported)
			if len(*into) == 0 {
				return fmt.Errorf("%s %q (%s) leaves no algorithm that fleet has", keyword, list, origin(r.ssh, keyword))
			}
		case !strings.ContainsAny(list[:1], "+-^"):
			*into = strings.Split(list, ",")
		}
		if len(*into) > 0 {
			r.say(keyword, showValue(*into), origin(r.ssh, keyword))
		}
	}
	return nil
}

// env is what SetEnv and SendEnv give every command.
func (r *resolution) env() []string {
	out := r.ssh.Values("setenv")
	patterns := r.ssh.Values("sendenv")
	if len(patterns) == 0 {
		return out
	}
	given := map[string]bool{}
	for _, e := range out {
		name, _, _ := strings.Cut(e, "=")
		given[name] = true
	}
	for _, e := range r.inv.options.Environ() {
		name, _, _ := strings.Cut(e, "=")
		for _, p := range patterns {
			if !given[name] && nodeset.Match(p, name) {
				out = append(out, e)
				break
			}
		}
	}
	return out
}

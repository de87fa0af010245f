package main

import (
	"time"

	"fleet/event"
	"fleet/internal/forward"
	"fleet/pool/tunnel"
	"fleet/transport"
)

// A tunnelDocument is a tunnel in JSON.
type tunnelDocument struct {
	Name   string `json:"name"` // of the block; "" ad hoc
	Host   string `json:"host"`
	Kind   string `json:"kind"`
	Listen string `json:"listen"`
	Target string `json:"target"` // "" for dynamic ones
	State  string `json:"state"`
	Error  string `json:"error,omitempty"`
}

// describeTunnel is what there is to say about a tunnel.
func (a *app) describeTunnel(s *tunnel.Status) tunnelDocument {
	return tunnelDocument{
		Name: s.Name, Host: s.Host, Kind: s.Rule.Kind.String(), Listen: s.Listen.String(), Target: targetText(s.Rule),
		State: string(s.State), Error: a.redactor.String(errorText(s.Err)),
	}
}

// targetText is where a rule leads; "" where the client says so.
func targetText(r forward.Rule) string {
	if r.To.IsZero() {
		return ""
	}
	return r.To.String()
}

// tunnelEvent is the event of that type about a tunnel.
func (a *app) tunnelEvent(kind event.Type, s *tunnel.Status) *event.Event {
	e := &event.Event{
		Type: kind, Time: time.Now(), Host: s.Host,
		Name: s.Name, Kind: s.Rule.Kind.String(), Listen: s.Listen.String(), Target: targetText(s.Rule),
	}
	switch kind {
	case event.TunnelDown:
		e.Error, e.Attempt = a.redactor.String(errorText(s.Err)), s.Attempt
	case event.TunnelFailed:
		e.Error, e.Hint = a.redactor.String(errorText(s.Err)), hintOf(s.Err)
	}
	return e
}

// eventOf is the type of the event that tells of a change; "" for none.
func eventOf(s *tunnel.Status) event.Type {
	switch {
	case s.State == tunnel.StateReady:
		return event.TunnelOpen
	case s.State == tunnel.StateFailed:
		return event.TunnelFailed
	case s.State == tunnel.StateClosed:
		return event.TunnelClosed
	case s.Err != nil:
		return event.TunnelDown
	default:
		return ""
	}
}

// tunnelsStatus is the exit status for tunnels that did not open: 4 where hosts
// were unreachable, 2 where they did not forward, 6 for both.
func tunnelsStatus(list []tunnel.Status) int {
	const refused, unreachable = 2, 4
	status := 0
	for i := range list {
		if list[i].State == tunnel.StateReady || list[i].Err == nil {
			continue
		}
		switch transport.KindOf(list[i].Err) {
		case transport.KindUnreachable, transport.KindAuth, transport.KindHostKey, transport.KindLost, transport.KindTimeout, transport.KindCanceled:
			status |= unreachable
		default:
			status |= refused
		}
	}
	if status == 0 { // their time was over before anything was known
		return unreachable
	}
	return status
}

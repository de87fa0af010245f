package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fleet/internal/nodeset"
	"fleet/internal/term"
)

// confirmWide asks about forwards that others than this machine, or than their
// host, can use.
func (a *app) confirmWide(ctx context.Context, plans []tunnelPlan, batch bool) error {
	var here, there []string
	for _, p := range plans {
		for _, r := range p.rules {
			switch {
			case p.gateway || r.Listen.IsLoopback():
			case r.Kind.ListensHere():
				if text := r.Listen.String(); !slices.Contains(here, text) {
					here = append(here, text)
				}
			default:
				there = append(there, p.host.Name)
			}
		}
	}
	var why []string
	if len(here) > 0 {
		list := here
		if len(list) > 3 {
			list = append(slices.Clone(here[:3]), fmt.Sprintf("%d more", len(here)-3))
		}
		why = append(why, "every machine that can reach this one could use "+plainList(list))
	}
	if len(there) > 0 {
		why = append(why, "every machine that can reach "+nodeset.Fold(there)+" could reach into this one")
	}
	if len(why) == 0 {
		return nil
	}
	if err := a.openWide(ctx, strings.Join(why, ", and "), batch); err != nil {
		return err
	}
	for i := range plans {
		plans[i].gateway = true
	}
	return nil
}

// openWide asks whether to go on in spite of why.
func (a *app) openWide(ctx context.Context, why string, batch bool) error {
	const hint = "--gateway allows it beforehand; without an ADDRESS only this machine can use a tunnel"
	if batch {
		return &usageError{err: fmt.Errorf("%s, and BatchMode=yes forbids to ask", why), hint: hint}
	}
	answer, err := ask(ctx, strings.ToUpper(why[:1])+why[1:]+". Go on? [y/N] ")
	var signal *signaled
	switch {
	case errors.As(err, &signal):
		return err
	case errors.Is(err, term.ErrNoTerminal):
		return &usageError{err: fmt.Errorf("%s, and there is no terminal to ask on", why), hint: hint}
	case err != nil, !isYes(answer):
		return errors.New("not confirmed: nothing was opened")
	}
	return nil
}

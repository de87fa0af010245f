package output

import (
	"fmt"
	"io"
	"time"

	"fleet/event"
	"fleet/internal/term"
)

// A core is what all renderers of a run share: the screen, the status line,
// notes and the closing summary.
type core struct {
	cfg    Config
	screen *screen
	sum    summary
	live   *liveLine // nil without a status line
	bufs   buffers
}

func newCore(cfg Config) *core {
	cfg = cfg.withDefaults()
	c := &core{cfg: cfg, screen: newScreen(&cfg)}
	if cfg.Live {
		c.live = startLive(c.screen, cfg.Width, cfg.Progress)
	}
	return c
}

// Messages is part of Renderer.
func (c *core) Messages() io.Writer { return messageWriter{c.screen} }

// Suspend is part of Renderer.
func (c *core) Suspend(fn func()) { c.screen.suspend(fn) }

type messageWriter struct{ screen *screen }

func (w messageWriter) Write(p []byte) (int, error) {
	w.screen.message(p)
	return len(p), nil
}

// observe does for an event what every renderer does. It comes first in each
// Emit.
func (c *core) observe(e *event.Event) {
	if c.live != nil {
		c.live.tracker.Emit(e)
	}
	c.sum.Emit(e)
	switch e.Type {
	case event.Note:
		c.note(e)
	case event.Connect:
		if c.cfg.Verbose > 0 {
			c.say(e.Host, "connected in "+seconds(e.Duration))
		}
	}
}

func (c *core) note(e *event.Event) {
	if e.Level != "warn" && c.cfg.Quiet {
		return
	}
	who, text := "fleet", term.Clean(e.Message)
	if e.Host != "" {
		who = e.Host
	}
	if e.Level == "warn" {
		text = "warning: " + text
	}
	c.say(who, text)
}

// say prints a line of fleet's own on stderr.
func (c *core) say(who, text string) {
	c.screen.message(fmt.Appendf(nil, "%s: %s\n", term.Clean(who), text))
}

// end prints the summary and takes the status line away for good.
func (c *core) end(e *event.Event, told bool) {
	c.stopLive()
	if c.cfg.Quiet || c.screen.gone.Load() {
		return
	}
	c.screen.message(c.sum.text(c, e, told))
}

func (c *core) stopLive() {
	if c.live != nil {
		c.live.stop()
	}
}

func (c *core) close() error {
	c.stopLive()
	return c.screen.error()
}

// seconds writes a duration as people read it.
func seconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}

package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"fleet/transport"
)

// lookByShell has a script on the host look, again and again, until there is what w
// waits for or ctx ends.
func (w *waiting) lookByShell(ctx context.Context) error {
	c := &transport.Command{Script: w.script(), Private: w.private, Become: w.machine.become, Place: w.machine.place, Grace: askGrace}
	said, errs := new(lastLine), new(lastLine)
	c.Stdout, c.Stderr = said, errs
	status, err := w.machine.transport.Run(ctx, w.machine.target, c)
	if err != nil && ctx.Err() != nil && said.String() != "" {
		return &notYet{said.String(), true}
	}
	switch {
	case err != nil:
		w.reached = w.reached || said.String() != ""
		return err
	case status.OK():
		return nil
	case status.Code == noTool:
		return errors.New(said.String())
	default:
		return fmt.Errorf("the probe ended with status %d: %s", status.Code, errs)
	}
}

// noTool is the status of a probe for which the host has no tool.
const noTool = 100

// script is the probe.
func (w *waiting) script() string {
	delay := seconds(w.Delay)
	switch {
	case w.Path != "":
		p := shellPath(w.Path)
		return fmt.Sprintf("echo 'it does not exist'; until [ -e %[1]s ] || [ -L %[1]s ]; do sleep %[2]s; done", p, delay)
	case w.Address != "":
		host, port, err := net.SplitHostPort(w.Address)
		if err != nil {
			host, port = "localhost", w.Address
		}
		return fmt.Sprintf("h=%s p=%s d=%s\n", shellQuote(host), shellQuote(port), delay) + portProbe
	case w.private:
		return fmt.Sprintf("d=%s\n", delay) + curlProbe(w.URL) + "noTool curl\n"
	default:
		return fmt.Sprintf("d=%s\n", delay) + curlProbe(w.URL) + wgetProbe(w.URL) + "noTool 'curl, wget'\n"
	}
}

// each runs "look" until it succeeds; it prints why it did not.
const each = `has() { command -v "$1" >/dev/null 2>&1; }
noTool() { echo "the host allows no forwarding, and has no tool to look by itself: $1"; exit 100; }
t=; timeout 5 true 2>/dev/null && t='timeout 5'
each() {
	while ! e=$(look 2>&1 </dev/null); do
		printf '%s\n' "${e:-no connection}"
		sleep "$d"
	done
	exit 0
}
`

// portProbe tries the ways to connect, and takes the first one that the host has.
const portProbe = each + `
byNC() { # there are some without -z
	o=$($t $nc -z -w 5 "$h" "$p" 2>&1) && return
	case $o in
	*option*) $t $nc -w 5 "$h" "$p" -e /bin/true ;;
	*) echo "$o"; return 1 ;;
	esac
}
if has bash; then
	look() { $t bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$h" "$p"; }
elif has nc; then
	nc=nc
	look() { byNC; }
elif has python3; then
	look() { python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' "$h" "$p"; }
elif has busybox; then
	nc='busybox nc'
	look() { byNC; }
else
	noTool 'bash, nc, python3, busybox'
fi
each
`

// curlProbe gives the URL by a pipe: it may be sensitive.
func curlProbe(url string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "", "\r", "").Replace(url)
	return each + fmt.Sprintf(`if has curl; then
	look() {
		curl -K - -sS -f -L --max-redirs %d -o /dev/null -m %s <<'FLEET_END_OF_URL'
url = "%s"
FLEET_END_OF_URL
	}
	each
fi
`, maxRedirects, seconds(httpTime), quoted)
}

func wgetProbe(url string) string {
	return fmt.Sprintf(`if has wget; then
	look() { wget -q -O /dev/null -T %s %s; }
	each
fi
`, seconds(httpTime), shellQuote(url))
}

// A lastLine keeps the last line that was written to it.
type lastLine struct{ text []byte }

// Write implements io.Writer.
func (l *lastLine) Write(p []byte) (int, error) {
	l.text = append(l.text, p...)
	done := bytes.TrimRight(l.text, "\r\n")
	if i := bytes.LastIndexByte(done, '\n'); i >= 0 {
		l.text = append(l.text[:0], l.text[i+1:]...)
	}
	if len(l.text) > maxAnswer {
		l.text = l.text[len(l.text)-maxAnswer:]
	}
	return len(p), nil
}

func (l *lastLine) String() string { return oneLine(string(l.text)) }

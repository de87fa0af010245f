package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"fleet/transport"
)

// stderrMax is how much of what a command says about its failure is kept.
const stderrMax = 4 << 10

// run runs script on the host, as the user whose rights count, in Host.Dir. The
// script is text of fleet's own; names are among args or in stdin. It returns what
// the script said on stderr, without the end where that is long.
func (r *Remote) run(ctx context.Context, script string, args []string, stdin io.Reader, stdout io.Writer) (transport.Status, string, error) {
	return r.command(ctx, &transport.Command{Script: script, Args: args, Stdin: stdin, Stdout: stdout, Dir: r.dir()})
}

func (r *Remote) command(ctx context.Context, c *transport.Command) (transport.Status, string, error) {
	said := &bounded{max: stderrMax}
	c.Script = plainLocale + c.Script
	c.Stderr, c.Become = said, r.host.Become
	status, err := r.host.Transport.Run(ctx, r.host.Target, c)
	return status, strings.TrimSpace(said.String()), err
}

// plainLocale makes tools say what they say in English, and take names for bytes.
const plainLocale = "LC_ALL=C; export LC_ALL; unset CDPATH POSIXLY_CORRECT; "

// dir is where commands run: where it is empty, in the login folder.
func (r *Remote) dir() string {
	if r.host.Dir == "" {
		return ""
	}
	dir, err := r.resolve(".")
	if err != nil {
		return ""
	}
	return dir
}

// facts are what is to be known of a host before the first file.
type facts struct {
	login  string // folder in which commands begin
	home   string // of the user whose rights count
	uid    string
	sum    string // the tool for SHA-256; empty where there is none
	fast   bool   // openssl is there as well
	stat   string // how stat is asked: "gnu", "bsd"; empty where there is none
	server string // of sftp, where it can be run by its path
	tar    bool
}

// learnScript answers line by line; the first word says what the rest is.
const learnScript = `
printf 'login %s\n' "$PWD"
printf 'home %s\n' "$HOME"
printf 'uid %s\n' "$(id -u)"
for t in sha256sum shasum sha256 openssl digest; do
	command -v "$t" >/dev/null 2>&1 && { printf 'sum %s\n' "$t"; break; }
done
command -v openssl >/dev/null 2>&1 && echo fast
if stat -c %f / >/dev/null 2>&1; then echo stat gnu
elif stat -f %p / >/dev/null 2>&1; then echo stat bsd
fi
command -v tar >/dev/null 2>&1 && echo tar
[ "$1" = server ] && for s in /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server /usr/libexec/sftp-server \
	/usr/lib/ssh/sftp-server /usr/lib/sftp-server /usr/lib64/ssh/sftp-server /usr/lib64/misc/sftp-server "$(command -v sftp-server)"; do
	[ -x "$s" ] && { printf 'server %s\n' "$s"; break; }
done
echo end
`

// learn asks the host for its facts.
func (r *Remote) learn(ctx context.Context, connected func()) (facts, error) {
	out := &bounded{max: 64 << 10}
	what := "plain"
	if r.host.Become != nil {
		what = "server"
	}
	status, said, err := r.command(ctx, &transport.Command{
		Script: learnScript, Args: []string{what}, Stdout: out, Started: connected, Place: r.host.Place,
	})
	if err != nil {
		return facts{}, err
	}
	text := out.String()
	if !strings.HasSuffix(text, "end\n") {
		return facts{}, fmt.Errorf("the host does not answer to a command as a shell would (status %d)%s", status.Code, after(said))
	}
	f := facts{}
	for line := range strings.Lines(strings.TrimSuffix(text, "end\n")) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "login":
			f.login = rest
		case "home":
			f.home = rest
		case "uid":
			f.uid = rest
		case "sum":
			f.sum = rest
		case "fast":
			f.fast = true
		case "stat":
			f.stat = rest
		case "server":
			f.server = rest
		case "tar":
			f.tar = true
		}
	}
	if !strings.HasPrefix(f.login, "/") {
		return facts{}, errors.New("the host does not tell in which folder its commands begin")
	}
	if f.home == "" {
		f.home = f.login
	}
	return f, nil
}

func after(said string) string {
	if said == "" {
		return ""
	}
	return ": " + said
}

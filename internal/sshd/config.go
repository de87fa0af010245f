package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// DefaultVersion is what a server announces where Config.Version is empty.
const DefaultVersion = "SSH-2.0-FleetLab_1"

// A Config says how a server behaves. The zero value needs nothing but one way
// to log in.
type Config struct {
	// HostKeys are the server's keys. Default: one new ed25519 key.
	HostKeys []ssh.Signer
	// HostCertificates are presented besides the keys they belong to.
	HostCertificates []ssh.Signer

	// User is the only name that may log in; empty allows every name.
	User string
	// AuthorizedKeys may log in with their private key.
	AuthorizedKeys []ssh.PublicKey
	// UserCAs may sign user certificates; the principals must name the user.
	UserCAs []ssh.PublicKey
	// Password logs in by the password method; empty turns the method off.
	Password string
	// Questions are asked by the keyboard-interactive method; none turns it off.
	Questions []Question
	// NoAuth lets everybody in.
	NoAuth bool
	// MaxAuthTries ends a connection after so many refused tries. Default 6.
	MaxAuthTries int
	// LoginGrace ends a connection that has not logged in by then. Default
	// 120 s, negative is never.
	LoginGrace time.Duration
	// AuthBanner is shown before the login (RFC 4252 section 5.4).
	AuthBanner string

	// Version is the identification string; it begins with "SSH-2.0-".
	// Default DefaultVersion.
	Version string
	// Algorithms restricts key exchanges, ciphers and MACs and sets the
	// rekey threshold in bytes. Default: what x/crypto/ssh considers safe.
	Algorithms ssh.Config

	// Shell is the login shell. Commands run as "Shell -c COMMAND".
	// Default "/bin/sh".
	Shell string
	// ForceCommand runs in place of what the client asks for, which is then in
	// SSH_ORIGINAL_COMMAND.
	ForceCommand string
	// Home is the working directory of commands and of sftp, and their HOME.
	// Default: the home of the account the server runs under.
	Home string
	// MakeHome makes the folder Home when the first command needs it.
	MakeHome bool
	// Env is added to the environment of commands, as "NAME=value", after
	// HOME, USER, LOGNAME, SHELL, PATH, SSH_CLIENT and SSH_CONNECTION; later
	// ones win.
	Env []string
	// HostName is told to commands as FLEET_LAB_HOST.
	HostName string
	// AcceptEnv are the patterns of names a client may set. nil is "LANG",
	// "LC_*", as on Debian; an empty slice accepts none.
	AcceptEnv []string
	// HonorSignals delivers "signal" requests to the process group of a
	// command. The default ignores them, as OpenSSH before 10.0 does for root.
	HonorSignals bool
	// Exec answers commands in this process; nil runs them in the shell. The
	// context ends when the channel or the server does. The result is the exit
	// status; a negative one closes the channel without any.
	Exec func(ctx context.Context, e *Exec) int

	// NoSFTP refuses the sftp subsystem.
	NoSFTP bool
	// Files are what sftp tells of, in place of the disk, and cannot change: a
	// server that lies. Nil is the disk. See HostileFiles.
	Files *File
	// NoForwarding refuses every kind of forwarding.
	NoForwarding bool

	// Children keeps the processes of several servers together. Default: one
	// of the server's own. See Children.
	Children *Children
	// Faults are in force from the start.
	Faults Faults
	// Logger tells of connections and commands. Default: nothing is logged.
	Logger *slog.Logger
}

// A Question is one prompt of a keyboard-interactive login.
type Question struct {
	Prompt string
	Answer string
	Echo   bool // the client may show what is typed
}

// An Exec is one command to answer by Config.Exec. Its readers and writers are
// the client's channel.
type Exec struct {
	User    string
	Command string // empty for a shell
	Env     []string
	TTY     bool
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

// withDefaults fills what is not set and refuses what cannot work.
func (c Config) withDefaults() (Config, error) {
	if len(c.HostKeys) == 0 {
		key, err := NewKey()
		if err != nil {
			return c, err
		}
		c.HostKeys = []ssh.Signer{key}
	}
	if !c.NoAuth && len(c.AuthorizedKeys)+len(c.UserCAs)+len(c.Questions) == 0 && c.Password == "" {
		return c, errors.New("sshd: nobody could log in (hint: set AuthorizedKeys or NoAuth)")
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	if !strings.HasPrefix(c.Version, "SSH-2.0-") {
		return c, fmt.Errorf("sshd: version %q does not begin with %q", c.Version, "SSH-2.0-")
	}
	if c.LoginGrace == 0 {
		c.LoginGrace = 120 * time.Second
	}
	if c.Shell == "" {
		c.Shell = "/bin/sh"
	}
	if c.Home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "/"
		}
		c.Home = home
	}
	if c.AcceptEnv == nil {
		c.AcceptEnv = []string{"LANG", "LC_*"}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, c.Faults.check()
}

// haveHome reports whether there is a home folder, and makes it where it may.
func (c *Config) haveHome() bool {
	if st, err := os.Stat(c.Home); err == nil {
		return st.IsDir()
	}
	return c.MakeHome && os.MkdirAll(c.Home, 0o700) == nil
}

// environ is the environment of a command: what sshd sets, then what the
// config, the client and the session add, each name once.
func (c *Config) environ(user string, more ...string) []string {
	all := append([]string{
		"HOME=" + c.Home,
		"USER=" + user,
		"LOGNAME=" + user,
		"SHELL=" + c.Shell,
		"PATH=/usr/local/bin:/usr/bin:/bin",
	}, c.Env...)
	if c.HostName != "" {
		all = append(all, "FLEET_LAB_HOST="+c.HostName)
	}
	all = append(all, more...)
	last := make(map[string]string, len(all))
	for _, kv := range all {
		name, value, _ := strings.Cut(kv, "=")
		last[name] = name + "=" + value
	}
	return slices.Sorted(maps.Values(last))
}

package inventory

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"fleet/internal/sshconfig"
	"fleet/transport"
)

// Target says how to reach h: the flags, then the inventory, then ssh_config,
// then what is built in. It reads no file but ssh_config, once; a Match exec
// there is bounded by ctx.
func (inv *Inventory) Target(ctx context.Context, h *Host) (transport.Target, error) {
	r := &resolution{inv: inv, flags: &inv.options.Flags}
	return r.host(ctx, h)
}

// Become says how commands on h become another user: by which method, with which
// password, and as whom. Without a User they do so only where that is asked for.
// It is nil where the connection has no become block. A password that is made
// from secrets is not in it: [Inventory.BecomePassword] fetches that.
func (h *Host) Become() *transport.Become {
	method, hasMethod := textOf(h.layer.settings[setBecomeMethod])
	user, hasUser := textOf(h.layer.settings[setBecomeUser])
	password, hasPassword := textOf(h.layer.settings[setBecomePassword])
	if !hasMethod && !hasUser && !hasPassword {
		return nil
	}
	out := &transport.Become{Method: cmp.Or(method, "sudo"), User: user}
	if hasPassword && h.layer.settings[setBecomePassword].late == nil {
		out.Password = transport.NewSecret(password)
	}
	return out
}

func textOf(s *setting) (string, bool) {
	if s == nil || s.value == nil {
		return "", false
	}
	text, ok := s.value.(string)
	return text, ok
}

// A resolution makes one target.
type resolution struct {
	inv   *Inventory
	flags *Flags // empty for a jump
	layer *layer
	ssh   *sshconfig.Result
	set   map[string]bool // keywords that -o gives
	batch bool            // of a jump: the target's BatchMode, which asks for nothing on the whole way
	trail []string        // the jumps that led to this jump of a jump

	// note is told each setting; nil when nobody asks.
	note func(name, value, origin string)
}

func (r *resolution) say(name, value, origin string) {
	if r.note != nil {
		if origin == "" {
			origin = "default"
		}
		r.note(name, value, origin)
	}
}

// host resolves a host of the inventory.
func (r *resolution) host(ctx context.Context, h *Host) (transport.Target, error) {
	r.layer = h.layer
	if err := r.load(ctx, h.Name, sshconfig.Hop{}); err != nil {
		return transport.Target{}, err
	}
	t := transport.Target{Name: h.Name}
	r.where(&t)
	if err := r.route(ctx, &t, h); err != nil {
		return t, err
	}
	if err := r.rest(&t); err != nil {
		return t, err
	}
	return t, nil
}

// load asks ssh_config about a name. What the inventory says of user, port and
// address is told, because other lines may depend on it.
func (r *resolution) load(ctx context.Context, name string, named sshconfig.Hop) error {
	config, err := r.inv.config()
	if err != nil {
		return err
	}
	if len(r.flags.SSH) > 0 {
		r.set = r.inv.given
	}
	q := sshconfig.Query{
		Host: name, User: named.User, Port: named.Port, Options: slices.Clip(r.flags.SSH),
		ExecTimeout: r.inv.options.Flags.ConnectTimeout,
	}
	switch user, ok := textOf(r.layer.settings[setUser]); {
	case r.flags.User != "":
		q.User = r.flags.User
	case ok && q.User == "" && !r.set["user"]:
		q.User = user
	}
	switch port := r.layer.settings[setPort]; {
	case r.flags.Port != 0:
		q.Port = strconv.Itoa(r.flags.Port)
	case port != nil && port.value != nil && q.Port == "" && !r.set["port"]:
		q.Port = strconv.Itoa(port.value.(int))
	}
	if address, ok := textOf(r.layer.settings[setAddress]); ok {
		q.Options = append(q.Options, "HostName="+strings.ReplaceAll(address, "%", "%%"))
	}
	if proxy, ok := textOf(r.layer.settings[setProxyCommand]); ok {
		q.Options = append(q.Options, "ProxyCommand="+proxy)
	}
	if r.flags.Jump != "" {
		q.Jump = r.flags.Jump
	}
	r.ssh, err = config.Resolve(ctx, q)
	return err
}

// pick finds who sets something: flag where it is set, -o, the inventory, or
// ssh_config. It returns the setting where that is the inventory's, and the
// origin, which is empty where nobody sets anything.
func (r *resolution) pick(id settingID, keyword, flag string, flagged bool) (*setting, string) {
	s := r.layer.settings[id]
	if s != nil && s.value == nil {
		s = nil
	}
	switch {
	case flagged:
		return nil, flag + " flag"
	case keyword != "" && r.set[keyword]:
		return nil, "-o flag"
	case s != nil:
		return s, s.origin()
	case keyword == "":
		return nil, ""
	}
	return nil, origin(r.ssh, keyword)
}

func origin(ssh *sshconfig.Result, keyword string) string {
	switch at := ssh.Origin(keyword); at {
	case "":
		return ""
	case "-o":
		return "-o flag"
	default:
		return "ssh_config " + at
	}
}

// where fills in the address, the port and the user.
func (r *resolution) where(t *transport.Target) {
	t.Address, t.User = r.ssh.Value("hostname"), r.ssh.Value("user")
	t.Port, _ = strconv.Atoi(r.ssh.Value("port"))
	_, from := r.pick(setAddress, "hostname", "", false)
	r.say("address", t.Address, from)
	_, from = r.pick(setUser, "user", "-l", r.flags.User != "")
	r.say("user", t.User, from)
	_, from = r.pick(setPort, "port", "-p", r.flags.Port != 0)
	r.say("port", strconv.Itoa(t.Port), from)
}

// rest fills in all but the way.
func (r *resolution) rest(t *transport.Target) error {
	r.login(&t.Login)
	r.hostKey(&t.HostKey)
	if err := r.link(&t.Link); err != nil {
		return err
	}
	t.Env = r.env()
	if len(t.Env) > 0 {
		r.say("env", strings.Join(t.Env, " "), origin(r.ssh, "setenv"))
	}
	return nil
}

func (r *resolution) login(l *transport.Login) {
	s, from := r.pick(setIdentity, "identityfile", "--identity", len(r.flags.Identities) > 0)
	switch {
	case len(r.flags.Identities) > 0:
		l.Identities, l.Explicit = absolute(r.flags.Identities), true
	case s != nil:
		l.Identities, l.Explicit = s.value.([]string), true
	default:
		l.Identities = absolute(r.ssh.Values("identityfile"))
		l.Explicit = from != ""
		l.Optional = l.Explicit // ssh goes on without such a file
	}
	r.say("identity", showValue(l.Identities), from)

	l.Certificates = absolute(r.ssh.Values("certificatefile"))
	if len(l.Certificates) > 0 {
		r.say("certificate", showValue(l.Certificates), origin(r.ssh, "certificatefile"))
	}
	s, from = r.pick(setIdentitiesOnly, "identitiesonly", "", false)
	l.IdentitiesOnly = r.ssh.Value("identitiesonly") == "yes"
	if s != nil {
		l.IdentitiesOnly, _ = s.value.(bool)
	}
	r.say("identities_only", showValue(l.IdentitiesOnly), from)
	if agent := r.ssh.Value("identityagent"); agent != "none" {
		if l.Agent = agent; strings.ContainsRune(agent, '/') { // not a name in a space of its own
			l.Agent = resolvePath(agent, ".")
		}
	}
	r.say("agent", showOr(l.Agent, "none"), origin(r.ssh, "identityagent"))
	l.Batch = r.batch || r.ssh.Value("batchmode") == "yes"
	if l.Batch {
		r.say("batch", "true", origin(r.ssh, "batchmode"))
	}
	l.Methods = r.methods()
	if l.Methods != nil {
		r.say("methods", showValue(l.Methods), origin(r.ssh, "preferredauthentications"))
	}
}

func showOr(s, empty string) string {
	if s == "" {
		return empty
	}
	return s
}

func absolute(paths []string) []string {
	if len(paths) == 0 {
		return paths
	}
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = resolvePath(p, ".")
	}
	return out
}

// methods are the login methods that ssh_config allows, in its order; nil is all.
func (r *resolution) methods() []string {
	all := []string{"publickey", "keyboard-interactive", "password"}
	allowed := all
	if order := r.ssh.Value("preferredauthentications"); order != "" {
		allowed = slices.DeleteFunc(strings.Split(order, ","), func(m string) bool { return !slices.Contains(all, m) })
	}
	off := map[string]bool{
		"publickey":            r.ssh.Value("pubkeyauthentication") == "no",
		"keyboard-interactive": r.ssh.Value("kbdinteractiveauthentication") == "no",
		"password":             r.ssh.Value("passwordauthentication") == "no",
	}
	allowed = slices.DeleteFunc(slices.Clone(allowed), func(m string) bool { return off[m] })
	if slices.Equal(allowed, all) {
		return nil
	}
	return allowed
}

func (r *resolution) hostKey(k *transport.HostKey) {
	s, from := r.pick(setHostKey, "stricthostkeychecking", "", false)
	word, ok := textOf(s)
	if !ok {
		word = r.ssh.Value("stricthostkeychecking")
	}
	switch word {
	case "accept-new":
		k.Policy = transport.HostKeyAcceptNew
	case "no", "off":
		k.Policy = transport.HostKeyOff
	}
	r.say("host_key", k.Policy.String(), from)

	s, from = r.pick(setKnownHosts, "userknownhostsfile", "", false)
	if s != nil {
		k.Files = s.value.([]string)
	} else {
		k.Files = files(r.ssh.Values("userknownhostsfile"))
	}
	r.say("known_hosts", showValue(k.Files), from)
	k.GlobalFiles = files(r.ssh.Values("globalknownhostsfile"))
	if k.Revoked = files(r.ssh.Values("revokedhostkeys")); len(k.Revoked) > 0 {
		r.say("revoked_host_keys", showValue(k.Revoked), origin(r.ssh, "revokedhostkeys"))
	}
	k.Alias = r.ssh.Value("hostkeyalias")
	k.Hash = r.ssh.Value("hashknownhosts") == "yes"
	if k.Alias != "" {
		r.say("host_key_alias", k.Alias, origin(r.ssh, "hostkeyalias"))
	}
}

// files leaves out the word for no file, and makes the rest absolute: who connects
// may have another working folder.
func files(in []string) []string {
	out := slices.DeleteFunc(in, func(f string) bool { return strings.EqualFold(f, "none") })
	for i, f := range out {
		out[i] = resolvePath(f, ".")
	}
	return out
}

func (r *resolution) link(l *transport.LinkOptions) error {
	timeout := r.inv.options.Flags.ConnectTimeout
	s, from := r.pick(setConnectTimeout, "connecttimeout", "-t", timeout != 0)
	l.ConnectTimeout = timeout
	if timeout == 0 {
		l.ConnectTimeout = r.duration(s, "connecttimeout", transport.DefaultConnectTimeout)
	}
	r.say("connect_timeout", l.ConnectTimeout.String(), from)

	s, from = r.pick(setKeepalive, "serveraliveinterval", "", false)
	if s == nil && from == "" {
		r.say("keepalive", defaultKeepalive.String(), "")
	} else {
		if l.Keepalive = r.duration(s, "serveraliveinterval", defaultKeepalive); l.Keepalive == 0 {
			l.Keepalive = -1
		}
		r.say("keepalive", showKeepalive(l.Keepalive), from)
	}
	if at := r.ssh.Origin("serveralivecountmax"); at != "" {
		l.KeepaliveMax, _ = strconv.Atoi(r.ssh.Value("serveralivecountmax"))
		r.say("keepalive_max", strconv.Itoa(l.KeepaliveMax), origin(r.ssh, "serveralivecountmax"))
	}
	l.Family = map[string]string{"inet": "tcp4", "inet6": "tcp6"}[r.ssh.Value("addressfamily")]
	if l.Family != "" {
		r.say("address_family", l.Family, origin(r.ssh, "addressfamily"))
	}
	s, from = r.pick(setLegacy, "", "", false)
	if s != nil {
		l.Legacy, _ = s.value.(bool)
	}
	r.say("legacy", showValue(l.Legacy), from)
	return r.algorithms(l)
}

// defaultKeepalive is what transport.LinkOptions does where nothing is set.
const defaultKeepalive = 15 * time.Second

func showKeepalive(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return d.String()
}

// duration is the inventory's, or ssh_config's in seconds.
func (r *resolution) duration(s *setting, keyword string, fallback time.Duration) time.Duration {
	if s != nil {
		return s.value.(time.Duration)
	}
	n, err := strconv.Atoi(r.ssh.Value(keyword))
	if err != nil {
		return fallback // none
	}
	return time.Duration(n) * time.Second
}

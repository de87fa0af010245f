package inventory

import (
	"slices"
	"strings"
	"time"

	"fleet/internal/sshconfig"
)

// Flags are the connection flags of the command line; zero values are not set.
type Flags struct {
	User           string        // -l
	Port           int           // -p
	Jump           string        // -J: [user@]host[:port],... or "none"
	Identities     []string      // --identity
	ConnectTimeout time.Duration // -t; of each Match exec command too
	SSH            []string      // -o: "Keyword=value"
}

// Check tells what is wrong with the flags, whatever the hosts are.
func (f *Flags) Check() error {
	return sshconfig.Check(sshconfig.Query{User: f.User, Jump: f.Jump, Options: f.SSH})
}

// Batch reports whether -o says that nobody is to be asked for anything.
func (f *Flags) Batch() bool {
	for _, o := range f.SSH {
		if keyword, args := sshconfig.Option(o); keyword == "batchmode" {
			return len(args) == 1 && sshconfig.IsYes(args[0])
		}
	}
	return false
}

// Idle are the -o arguments that ask for something that does not exist here,
// as the user wrote them. What switches such a thing off, and what is only
// about how ssh goes about it, is none of them.
func (f *Flags) Idle() []string {
	var list []string
	for _, o := range f.SSH {
		keyword, args := sshconfig.Option(o)
		off := len(args) > 0 && slices.Contains([]string{"no", "none", "false", "off", "auto", "default"}, strings.ToLower(args[0]))
		if !off && slices.Contains(strings.Fields(idleKeywords), keyword) {
			list = append(list, o)
		}
	}
	return list
}

// idleKeywords are those that a user would miss.
const idleKeywords = `
	addkeystoagent bindaddress bindinterface canonicalizehostname casignaturealgorithms channeltimeout
	compression dynamicforward forkafterauthentication forwardagent forwardx11 gssapiauthentication
	gssapidelegatecredentials gssapikeyexchange hostbasedauthentication knownhostscommand localcommand
	localforward nohostauthenticationforlocalhost permitlocalcommand pkcs11provider proxyusefdpass
	remotecommand remoteforward requesttty requiredrsasize securitykeyprovider sessiontype stdinnull
	tunnel verifyhostkeydns`

// keywords are those of -o.
func (f *Flags) keywords() map[string]bool {
	out := make(map[string]bool, len(f.SSH))
	for _, o := range f.SSH {
		keyword, _ := sshconfig.Option(o)
		out[keyword] = true
	}
	return out
}

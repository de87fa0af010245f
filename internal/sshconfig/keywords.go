package sshconfig

import "strings"

// kind says how the arguments of a keyword are read and kept.
type kind int

const (
	kindOther        kind = iota // accepted; arguments are kept as written
	kindString                   // one argument
	kindFlag                     // yes, no, and the keyword's own words
	kindChoice                   // the keyword's own words
	kindTime                     // seconds, or none
	kindInt                      // a number, 0 or more
	kindPort                     // 1 to 65535, or the name of a service
	kindLogLevel                 // QUIET to DEBUG3
	kindFileList                 // file names; the first line wins
	kindAdd                      // one argument; all lines count, once each
	kindSendEnv                  // names, or -names to take some away
	kindSetEnv                   // NAME=value; the first line wins
	kindCommand                  // the rest of the line
	kindProxyCommand             // the rest of the line; competes with kindProxyJump
	kindProxyJump                // hops
	kindAgent                    // a socket, a variable, or none
	kindForwardAgent             // a flag or a socket
	kindAddKeys                  // yes, no, ask, confirm, a time
	kindHost
	kindMatch
	kindInclude
)

// keyword is what is known of one keyword. Obsolete spellings share the keyword
// of the current one.
type keyword struct {
	name  string
	kind  kind
	words []string // what a flag or choice takes besides yes and no
	def   string   // the built-in value
}

// newKeywords returns all keywords of ssh(1), by lower-case name.
func newKeywords() map[string]*keyword {
	table := make(map[string]*keyword, 160)
	for _, k := range checkedKeywords() {
		table[k.name] = &k
	}
	for name := range strings.FieldsSeq(otherKeywords) {
		table[name] = &keyword{name: name}
	}
	for pair := range strings.FieldsSeq(aliases) {
		alias, name, _ := strings.Cut(pair, "=")
		table[alias] = table[name]
	}
	return table
}

func checkedKeywords() []keyword {
	return []keyword{
		{name: "host", kind: kindHost},
		{name: "match", kind: kindMatch},
		{name: "include", kind: kindInclude},
		{name: "addkeystoagent", kind: kindAddKeys, def: "no"},
		{name: "addressfamily", kind: kindChoice, words: []string{"any", "inet", "inet6"}, def: "any"},
		{name: "batchmode", kind: kindFlag, def: "no"},
		{name: "bindaddress", kind: kindString},
		{name: "casignaturealgorithms", kind: kindString},
		{name: "certificatefile", kind: kindAdd},
		{name: "ciphers", kind: kindString},
		{name: "compression", kind: kindChoice, words: []string{"yes", "no"}, def: "no"},
		{name: "connectionattempts", kind: kindInt, def: "1"},
		{name: "connecttimeout", kind: kindTime, def: "none"},
		{name: "forwardagent", kind: kindForwardAgent, def: "no"},
		{name: "globalknownhostsfile", kind: kindFileList},
		{name: "hashknownhosts", kind: kindFlag, def: "no"},
		{name: "hostkeyalgorithms", kind: kindString},
		{name: "hostkeyalias", kind: kindString},
		{name: "hostname", kind: kindString},
		{name: "identitiesonly", kind: kindFlag, def: "no"},
		{name: "identityagent", kind: kindAgent},
		{name: "identityfile", kind: kindAdd},
		{name: "ignoreunknown", kind: kindString},
		{name: "kbdinteractiveauthentication", kind: kindFlag, def: "yes"},
		{name: "kexalgorithms", kind: kindString},
		{name: "loglevel", kind: kindLogLevel, def: "INFO"},
		{name: "macs", kind: kindString},
		{name: "numberofpasswordprompts", kind: kindInt, def: "3"},
		{name: "passwordauthentication", kind: kindFlag, def: "yes"},
		{name: "port", kind: kindPort, def: "22"},
		{name: "preferredauthentications", kind: kindString},
		{name: "proxycommand", kind: kindProxyCommand},
		{name: "proxyjump", kind: kindProxyJump},
		{name: "pubkeyacceptedalgorithms", kind: kindString},
		{name: "pubkeyauthentication", kind: kindFlag, words: []string{"unbound", "host-bound"}, def: "yes"},
		{name: "refuseconnection", kind: kindCommand},
		{name: "remotecommand", kind: kindCommand},
		{name: "requesttty", kind: kindFlag, words: []string{"force", "auto"}, def: "auto"},
		{name: "revokedhostkeys", kind: kindString},
		{name: "sendenv", kind: kindSendEnv},
		{name: "serveralivecountmax", kind: kindInt, def: "3"},
		{name: "serveraliveinterval", kind: kindTime, def: "0"},
		{name: "setenv", kind: kindSetEnv},
		{name: "stricthostkeychecking", kind: kindFlag, words: []string{"ask", "accept-new", "off"}, def: "ask"},
		{name: "tag", kind: kindString},
		{name: "tcpkeepalive", kind: kindFlag, def: "yes"},
		{name: "updatehostkeys", kind: kindFlag, words: []string{"ask"}},
		{name: "user", kind: kindString},
		{name: "userknownhostsfile", kind: kindFileList},
	}
}

// otherKeywords are accepted and not looked at: what ssh 10 and the ssh of
// Debian and macOS know, what they have dropped, and what they ignore.
const otherKeywords = `
	bindinterface canonicaldomains canonicalizefallbacklocal canonicalizehostname canonicalizemaxdots
	canonicalizepermittedcnames channeltimeout checkhostip clearallforwardings controlmaster controlpath
	controlpersist dynamicforward enableescapecommandline enablesshkeysign escapechar exitonforwardfailure
	fingerprinthash forkafterauthentication forwardx11 forwardx11timeout forwardx11trusted gatewayports
	hostbasedacceptedalgorithms hostbasedauthentication ipqos kbdinteractivedevices knownhostscommand
	localcommand localforward logverbose nohostauthenticationforlocalhost obscurekeystroketiming
	permitlocalcommand permitremoteopen pkcs11provider proxyusefdpass rekeylimit remoteforward
	requiredrsasize securitykeyprovider sessiontype stdinnull streamlocalbindmask
	streamlocalbindunlink syslogfacility tunnel tunneldevice verifyhostkeydns versionaddendum
	visualhostkey warnweakcrypto xauthlocation

	gssapiauthentication gssapiclientidentity gssapidelegatecredentials gssapikexalgorithms
	gssapikeyexchange gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns usekeychain

	afstokenpassing cipher compressionlevel fallbacktorsh globalknownhostsfile2 kerberosauthentication
	kerberostgtpassing protocol rhostsauthentication rhostsrsaauthentication rsaauthentication
	userknownhostsfile2 useprivilegedport useroaming usersh`

// aliases are obsolete and distribution-specific names.
const aliases = `
	challengeresponseauthentication=kbdinteractiveauthentication
	skeyauthentication=kbdinteractiveauthentication
	tisauthentication=kbdinteractiveauthentication
	dsaauthentication=pubkeyauthentication
	hostbasedkeytypes=hostbasedacceptedalgorithms
	identityfile2=identityfile
	keepalive=tcpkeepalive
	protocolkeepalives=serveraliveinterval
	setuptimeout=serveraliveinterval
	pubkeyacceptedkeytypes=pubkeyacceptedalgorithms
	smartcarddevice=pkcs11provider`

package architecture

import (
	"strings"
	"testing"
)

// inside says which packages of the project the files of a folder, and of those
// below it, may import. The row with the longest matching folder counts. Tests
// may import what they need.
var inside = []struct {
	pkg    string
	may    string // folders, with all below them; "*" is everything
	reason string
}{
	{"cmd/fleet", "*", "the command wires everything together"},
	{"examples", "*", "an example shows whatever it shows"},
	{"scripts", "*", "scripts may drive anything"},
	{
		"runner", "tasks inventory event transport journal pool/transfer pool/tunnel internal/forward",
		"the runner sits above the seam: it must work the same over the pool, the agent and a local transport, and print nothing itself",
	},
	{"agent", "transport internal/rundir", "the agent lends connections and knows nothing of runs, tasks or inventories: files, secrets and prompts stay with the caller"},
	{"tasks", "inventory internal/forward internal/lang", "a plan is data; carrying it out is the runner's business"},
	{"output", "event internal/filename internal/term", "what is not in an event did not happen: a renderer that looks elsewhere cannot render a journal"},
	{"journal", "event internal/filename internal/term", "a journal is a sink like any other, readable without the packages that produced it"},
	{"inventory", "transport inventory internal/forward internal/lang internal/nodeset internal/sshconfig", "an inventory turns text into targets, offline"},
	{"inventory/secret", "transport internal/childproc internal/redact internal/term", "a secret is found without knowing what it is for"},
	{"inventory/source", "inventory/source internal/childproc internal/lang internal/nodeset internal/sshconfig", "a foreign inventory is data: what it means for a target is the inventory's business"},
	{"pool", "transport pool", "the pool implements the seam, and can serve other programs than this one"},
	{"pool/tunnel", "transport internal/forward internal/portuser", "a tunnel runs over the seam: over the pool, and over this machine alike"},
	{"transport/transporttest", "transport", "the contract speaks of the seam alone, so that every implementation can run it"},
	{"transport", "", "the seam is a leaf: everything may import it"},
	{"event", "", "the vocabulary is a leaf: everything may import it"},
	{"internal/lang", "", "the language knows nothing of hosts or tasks; those give it their names"},
	{"internal/reference", "internal/lang", "the definitions come from whoever decodes by them"},
	{"internal/nodeset", "", "pure, so that it can be fuzzed and tested against another implementation"},
	{"internal/sshconfig", "", "pure but for the files it reads; ssh itself is the oracle of its tests"},
	{"internal/forward", "internal/filename", "pure, so that it can be fuzzed; ssh itself is the oracle of its tests"},
	{"internal/filename", "", "pure: a name in, a name out"},
	{"internal/term", "", "printing safely depends on nothing"},
	{"internal/rundir", "", "one folder and its check; what listens there is the business of others"},
	{"internal/redact", "event", "what is masked is texts, streams and events; whose secrets they are is the caller's business"},
	{"internal/childproc", "", "runs one bounded command; what its answer means is the business of whoever asked"},
	{"internal/proc", "", "reads the table of processes, and nothing else"},
	{"internal/portuser", "internal/proc", "looks for one process, and opens nothing of its own"},
	{"internal/sshd", "internal/proc", "a test server that shared code with the client would share its mistakes"},
	{"internal/sshd/sshdtest", "internal/sshd", "starts the test server, for tests of any package"},
	{"internal/goldentest", "", "compares texts, for tests of any package"},
	{"internal/opensshd", "internal/proc", "drives the real sshd, for tests of any package"},
	{"internal/lab", "internal/sshd", "the lab is many embedded servers and the files that tell about them"},
	{"internal/architecture", "", "reads files only"},
}

// outside says which packages may import a module of others.
var outside = []struct {
	path   string // import path, with all below it
	users  string // folders, with all below them
	tests  bool   // whether tests of other folders may import it
	reason string
}{
	{"golang.org/x/crypto/ssh", "pool internal/sshd internal/lab", true, "SSH is spoken in one place; everyone else goes through package transport"},
	{"github.com/hashicorp/hcl", "internal/lang inventory tasks cmd/fleet", true, "HCL values have sharp edges (nulls, unknowns, marks) that only the language packages handle"},
	{"github.com/zclconf/go-cty", "internal/lang inventory tasks cmd/fleet", true, "HCL values have sharp edges (nulls, unknowns, marks) that only the language packages handle"},
	{"github.com/spf13", "cmd/fleet", false, "flags are the command's business: a package configured by flags cannot be used as a library"},
	{"github.com/rogpeppe/go-internal", "internal/goldentest", true, "for tests"},
	{"github.com/google/go-cmp", "internal/goldentest", true, "for tests"},
	{"go.uber.org/goleak", "", true, "for tests"},
	{"pgregory.net/rapid", "", true, "for tests"},
	{"testing", "transport/transporttest internal/opensshd internal/goldentest internal/sshd/sshdtest", true, "test code in a production package would be linked into the binary"},
	{"math/rand", "", false, "math/rand/v2 has no seed to forget, and crypto/rand is for names that must not be guessed"},
}

func TestImportsInsideTheProject(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		best := -1
		for i, row := range inside {
			if under(s.pkg, row.pkg) && (best < 0 || len(row.pkg) > len(inside[best].pkg)) {
				best = i
			}
		}
		if best < 0 {
			t.Errorf("%s: package %s is not in the table of this test; add it, with what it may import and why", s.name, s.pkg)
			continue
		}
		row := inside[best]
		for _, imp := range s.imports() {
			p, ours := strings.CutPrefix(imp, module)
			if ours && row.may != "*" && !anyUnder(p, row.may) {
				t.Errorf("%s imports %s, and %s may import only: %q\n\t%s", s.name, p, row.pkg, row.may, row.reason)
			}
		}
	}
}

func TestImportsFromOutside(t *testing.T) {
	for _, s := range sources(t) {
		for _, imp := range s.imports() {
			for _, row := range outside {
				exact := row.path == "math/rand" // math/rand/v2 is fine
				if exact && imp != row.path || !under(imp, row.path) {
					continue
				}
				if anyUnder(s.pkg, row.users) || (s.test && row.tests) {
					continue
				}
				t.Errorf("%s imports %s, which only these may: %q\n\t%s", s.name, imp, row.users, row.reason)
			}
		}
	}
}

// The rules that the table "inside" cannot say.
func TestOnlyTheCommandKnowsThePool(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || under(s.pkg, "pool") || under(s.pkg, "cmd/fleet") || under(s.pkg, "examples") || under(s.pkg, "scripts") {
			continue
		}
		for _, imp := range s.imports() {
			if imp == module+"pool" {
				t.Errorf("%s imports pool: take a transport.Transport, so that the agent and a local transport serve as well", s.name)
			}
		}
	}
}

// anyUnder reports whether p is in one of the folders, or below.
func anyUnder(p, folders string) bool {
	for _, f := range strings.Fields(folders) {
		if under(p, f) {
			return true
		}
	}
	return false
}

package lang

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"sync"

	"github.com/zclconf/go-cty/cty"
)

// reads are what the values of a project were made from, besides its own files,
// with the SHA-256 of what was in it.
type reads struct {
	mu     sync.Mutex
	hashes map[string]string // by name; guarded by mu
}

func (r *reads) add(name string, src []byte) {
	sum := hexSum(src)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hashes == nil {
		r.hashes = map[string]string{}
	}
	r.hashes[name] = sum
}

// addVariables notes the values of variables. A sensitive one is left out: a hash
// of a short text tells what it is.
func (r *reads) addVariables(vars map[string]*variable, values cty.Value) {
	for name, v := range vars {
		if value := values.GetAttr(name); !v.sensitive && !IsSensitive(value) && value.IsWhollyKnown() {
			r.add(VariableInput+name, []byte(Render(value)))
		}
	}
}

// What the names of inputs begin with that are no files.
const (
	VariableInput    = "variable "
	EnvironmentInput = "environment variable "
)

// Inputs are what has been read by now: the files of the project and of values for
// variables, the files that functions have read, and, by names that begin with
// VariableInput and EnvironmentInput, the values of variables and what env was
// asked for. Each has the SHA-256 of what was in it, in hexadecimal.
func (p *Project) Inputs() map[string]string {
	p.reads.mu.Lock()
	out := maps.Clone(p.reads.hashes)
	p.reads.mu.Unlock()
	if out == nil {
		out = map[string]string{}
	}
	for name, file := range p.sources {
		out[name] = hexSum(file.Bytes)
	}
	return out
}

func hexSum(src []byte) string {
	sum := sha256.Sum256(src)
	return hex.EncodeToString(sum[:])
}

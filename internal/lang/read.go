package lang

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"sync"
)

// reads are the files that expressions have read, with the SHA-256 of what was in
// them.
type reads struct {
	mu     sync.Mutex
	hashes map[string]string // by path; guarded by mu
}

func (r *reads) add(path string, src []byte) {
	sum := hexSum(src)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hashes == nil {
		r.hashes = map[string]string{}
	}
	r.hashes[path] = sum
}

// Inputs are the files that have been read by now: of the project, of values for
// variables, and by functions such as file. Each has the SHA-256 of what was in
// it, in hexadecimal.
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

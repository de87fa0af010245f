package transfer

import (
	"sync"
)

// A memory is a writerAt for a file that is small.
type memory struct {
	mu    sync.Mutex // guards bytes
	bytes []byte
}

// WriteAt implements writerAt.
func (m *memory) WriteAt(p []byte, offset int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if end := int(offset) + len(p); end > len(m.bytes) {
		m.bytes = append(m.bytes, make([]byte, end-len(m.bytes))...)
	}
	return copy(m.bytes[offset:], p), nil
}

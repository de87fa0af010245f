package transfer

import "sync/atomic"

// A Meter counts what transfers that share it have to do, and have done. The zero
// value is ready. All methods may be called at any time.
type Meter struct {
	files, filesDone atomic.Int64
	bytes, bytesDone atomic.Int64
}

// A Progress is how far transfers are.
type Progress struct {
	Files, FilesDone int
	Bytes, BytesDone int64 // of content; what was found to be there already counts as done
}

// Progress reads the meter. What is done is read first: it is never more than what
// there was to do.
func (m *Meter) Progress() Progress {
	filesDone, bytesDone := m.filesDone.Load(), m.bytesDone.Load()
	return Progress{
		Files: int(m.files.Load()), FilesDone: int(filesDone),
		Bytes: m.bytes.Load(), BytesDone: bytesDone,
	}
}

// expect counts what is to be done; a nil Meter counts nothing.
func (m *Meter) expect(files int, bytes int64) {
	if m == nil {
		return
	}
	m.files.Add(int64(files))
	m.bytes.Add(bytes)
}

// done counts what has been done. Less than nothing is what was in vain, and has to
// be done once more.
func (m *Meter) done(files int, bytes int64) {
	if m == nil {
		return
	}
	m.filesDone.Add(int64(files))
	m.bytesDone.Add(bytes)
}

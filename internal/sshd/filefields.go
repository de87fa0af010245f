package sshd

import "encoding/binary"

// fields are the fields of an sftp packet that have not been read yet. bad is
// set where there are too few.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) skip(n int) []byte {
	if f.bad || n < 0 || n > len(f.rest) {
		f.bad = true
		return nil
	}
	p := f.rest[:n]
	f.rest = f.rest[n:]
	return p
}

func (f *fields) number() uint32 {
	if p := f.skip(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (f *fields) text() []byte { return f.skip(int(f.number())) }

// The flags of attributes, section 5 of the draft.
const (
	attrSize        = 0x1
	attrOwner       = 0x2
	attrPermissions = 0x4
	attrTimes       = 0x8
	attrExtended    = 0x80000000
)

// attributes passes over attributes, whose size grows by off in place.
func (f *fields) attributes(off int64) {
	flags := f.number()
	if flags&attrSize != 0 {
		if p := f.skip(8); p != nil {
			binary.BigEndian.PutUint64(p, binary.BigEndian.Uint64(p)+uint64(off))
		}
	}
	for flag, size := range map[uint32]int{attrOwner: 8, attrPermissions: 4, attrTimes: 8} {
		if flags&flag != 0 {
			f.skip(size)
		}
	}
	if flags&attrExtended != 0 {
		for range f.number() {
			f.text()
			if f.text(); f.bad {
				return
			}
		}
	}
}

package transfer

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"time"
)

// Packet types of draft-ietf-secsh-filexfer-02 section 3, which is version 3, the
// one that OpenSSH speaks.
const (
	sftpInit          = 1
	sftpVersion       = 2
	sftpOpen          = 3
	sftpClose         = 4
	sftpRead          = 5
	sftpWrite         = 6
	sftpLstat         = 7
	sftpSetstat       = 9
	sftpFsetstat      = 10
	sftpOpendir       = 11
	sftpReaddir       = 12
	sftpRemove        = 13
	sftpMkdir         = 14
	sftpRmdir         = 15
	sftpRealpath      = 16
	sftpStat          = 17
	sftpRename        = 18
	sftpReadlink      = 19
	sftpSymlink       = 20
	sftpStatus        = 101
	sftpHandle        = 102
	sftpData          = 103
	sftpName          = 104
	sftpAttrs         = 105
	sftpExtended      = 200
	sftpExtendedReply = 201
)

// Flags of sftpOpen (section 6.3) and of attributes (section 5).
const (
	openRead  = 0x01
	openWrite = 0x02
	openCreat = 0x08
	openExcl  = 0x20

	attrSize     = 0x00000001
	attrOwner    = 0x00000002
	attrMode     = 0x00000004
	attrTime     = 0x00000008
	attrExtended = 0x80000000
)

// headSize is what stands before a request's own fields: length, type and id.
const headSize = 9

// A request is a packet under construction. The first headSize bytes are filled in
// when it is sent.
type request struct {
	kind byte
	buf  []byte
}

func newRequest(kind byte) *request {
	return &request{kind, make([]byte, headSize, 96)}
}

func extended(name string) *request { return newRequest(sftpExtended).text(name) }

func (r *request) u32(v uint32) *request {
	r.buf = binary.BigEndian.AppendUint32(r.buf, v)
	return r
}

func (r *request) u64(v uint64) *request {
	r.buf = binary.BigEndian.AppendUint64(r.buf, v)
	return r
}

func (r *request) text(s string) *request {
	r.u32(uint32(len(s)))
	r.buf = append(r.buf, s...)
	return r
}

// attrs adds those attributes of a that flags name.
func (r *request) attrs(flags uint32, a attributes) *request {
	r.u32(flags)
	if flags&attrOwner != 0 {
		r.u32(uint32(a.uid)).u32(uint32(a.gid))
	}
	if flags&attrMode != 0 {
		r.u32(permBits(a.mode))
	}
	if flags&attrTime != 0 {
		r.u32(uint32(a.mtime.Unix())).u32(uint32(a.mtime.Unix()))
	}
	return r
}

// finish fills in the head. body is how many bytes follow in another piece.
func (r *request) finish(id uint32, body int) {
	binary.BigEndian.PutUint32(r.buf, uint32(len(r.buf)-4+body))
	r.buf[4] = r.kind
	binary.BigEndian.PutUint32(r.buf[5:], id)
}

// errShort is what a packet gives that ends before its fields do.
var errShort = errors.New("the sftp server sent a packet that is too short")

// fields reads the fields of a packet. After the first that is not there, all are
// zero, and err says so.
type fields struct {
	rest []byte
	err  error
}

func (f *fields) take(n uint32) []byte {
	if f.err == nil && uint64(n) > uint64(len(f.rest)) {
		f.err = errShort
	}
	if f.err != nil {
		return nil
	}
	p := f.rest[:n]
	f.rest = f.rest[n:]
	return p
}

func (f *fields) u32() uint32 {
	if p := f.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (f *fields) u64() uint64 {
	if p := f.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

func (f *fields) text() string { return string(f.take(f.u32())) }

// attributes are what a server tells of a file (section 5).
type attributes struct {
	kind     kind // 0 where it is not told
	mode     fs.FileMode
	size     int64
	uid, gid int
	mtime    time.Time
}

func (f *fields) attributes() attributes {
	a := attributes{uid: -1, gid: -1}
	flags := f.u32()
	if flags&attrSize != 0 {
		if a.size = int64(f.u64()); a.size < 0 {
			f.err = errors.New("the sftp server tells of a file of an impossible size")
		}
	}
	if flags&attrOwner != 0 {
		a.uid, a.gid = int(f.u32()), int(f.u32())
	}
	if flags&attrMode != 0 {
		a.kind, a.mode = unixMode(f.u32())
	}
	if flags&attrTime != 0 {
		f.u32()
		a.mtime = time.Unix(int64(f.u32()), 0)
	}
	if flags&attrExtended != 0 {
		for n := f.u32(); n > 0 && f.err == nil; n-- {
			f.text()
			f.text()
		}
	}
	return a
}

// info makes them those of the file at path.
func (a attributes) info(path string) info {
	if a.kind == 0 {
		a.kind = aFile // servers that are not of Unix leave the type out
	}
	return info{path: path, kind: a.kind, mode: a.mode, size: a.size, mtime: a.mtime, uid: a.uid, gid: a.gid}
}

package sshd

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// The packets that a filter knows, draft-ietf-secsh-filexfer-02 section 3.
const (
	fxpVersion  = 2
	fxpRead     = 5
	fxpWrite    = 6
	fxpRename   = 18
	fxpStatus   = 101
	fxpData     = 103
	fxpName     = 104
	fxpAttrs    = 105
	fxpExtended = 200
)

// Section 7.
const (
	fxFailure       = 4
	fxOpUnsupported = 8
)

// maxPacket is more than any client or server of ours sends.
const maxPacket = 1 << 20

// A fileFilter lies between a client and the sftp server, and makes faults of
// what passes: the server reads requests from it and writes answers to it.
type fileFilter struct {
	session *session
	faults  FileFaults
	from    io.Reader
	request []byte // what is left of the request that passes

	mu     sync.Mutex // guards what is below: answers come from several goroutines
	to     io.Writer
	answer []byte // the beginning of one
}

func (f *fileFilter) Close() error { return nil }

// Read gives the server its requests.
func (f *fileFilter) Read(p []byte) (int, error) {
	for len(f.request) == 0 {
		var head [4]byte
		if _, err := io.ReadFull(f.from, head[:]); err != nil {
			return 0, err
		}
		size := binary.BigEndian.Uint32(head[:])
		if size < 5 || size > maxPacket {
			return 0, fmt.Errorf("sftp packet of %d bytes", size)
		}
		packet := make([]byte, 4+size)
		copy(packet, head[:])
		if _, err := io.ReadFull(f.from, packet[4:]); err != nil {
			return 0, err
		}
		if f.faults.Delay > 0 {
			f.session.conn.link.sleep(f.faults.Delay)
		}
		passes, err := f.take(packet)
		if err != nil {
			return 0, err
		}
		if passes {
			f.request = packet
		}
	}
	n := copy(p, f.request)
	f.request = f.request[n:]
	return n, nil
}

// take looks at one request, which it may change, and reports whether the server
// is to have it.
func (f *fileFilter) take(packet []byte) (bool, error) {
	body := &fields{rest: packet[9:]}
	switch packet[4] {
	case fxpWrite:
		body.text()
		body.skip(8)
		data := body.text()
		if body.bad {
			return true, nil
		}
		return f.write(packet, data)
	case fxpRead:
		if n := len(packet) - 4; f.faults.ShortReads && n > 9 {
			want := binary.BigEndian.Uint32(packet[n:])
			binary.BigEndian.PutUint32(packet[n:], want-want/2)
		}
	case fxpRename:
		body.text()
		if to := string(body.text()); f.faults.NoExtensions && !body.bad && f.exists(to) {
			return false, f.refuse(packet, fxFailure, "Failure")
		}
	case fxpExtended:
		if f.faults.NoExtensions {
			return false, f.refuse(packet, fxOpUnsupported, "Operation unsupported")
		}
	}
	return true, nil
}

func (f *fileFilter) write(packet, data []byte) (bool, error) {
	size := int64(len(data))
	if f.faults.Corrupt && size > 0 {
		data[0] ^= 1
	}
	if f.faults.NoSpaceAfter > 0 && f.session.conn.srv.written.Add(size) > f.faults.NoSpaceAfter {
		return false, f.refuse(packet, fxFailure, "Failure")
	}
	if f.faults.DropWrites > 0 && f.session.conn.written.Add(size) > f.faults.DropWrites {
		_ = f.session.conn.link.Close()
		return false, net.ErrClosed
	}
	return true, nil
}

func (f *fileFilter) exists(path string) bool {
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.session.conn.srv.conf.Home, path)
	}
	_, err := os.Lstat(path)
	return err == nil
}

// refuse answers a request that the server does not get to see.
func (f *fileFilter) refuse(packet []byte, code uint32, text string) error {
	status := binary.BigEndian.AppendUint32(nil, uint32(1+4+4+4+len(text)+4))
	status = append(append(status, fxpStatus), packet[5:9]...)
	status = binary.BigEndian.AppendUint32(status, code)
	status = append(binary.BigEndian.AppendUint32(status, uint32(len(text))), text...)
	status = binary.BigEndian.AppendUint32(status, 0) // of no language
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.to.Write(status)
	return err
}

// Write sends the server's answers, each when it is whole.
func (f *fileFilter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = append(f.answer, p...)
	for len(f.answer) >= 5 {
		size := 4 + int(binary.BigEndian.Uint32(f.answer))
		if size < 9 || size > maxPacket {
			return 0, fmt.Errorf("sftp answer of %d bytes", size)
		}
		if len(f.answer) < size {
			break
		}
		if _, err := f.to.Write(f.give(f.answer[:size])); err != nil {
			return 0, err
		}
		f.answer = append(f.answer[:0], f.answer[size:]...)
	}
	return len(p), nil
}

// give is what the client gets in place of an answer.
func (f *fileFilter) give(packet []byte) []byte {
	switch packet[4] {
	case fxpVersion:
		if f.faults.NoExtensions { // the type and the number are all
			packet = packet[:9]
			binary.BigEndian.PutUint32(packet, 5)
		}
	case fxpData:
		if f.faults.DropReads > 0 && f.session.conn.read.Add(int64(len(packet)-13)) > f.faults.DropReads {
			_ = f.session.conn.link.Close()
		}
	case fxpAttrs:
		(&fields{rest: packet[9:]}).attributes(f.faults.SizeOff)
	case fxpName:
		names := &fields{rest: packet[9:]}
		for range names.number() {
			names.text()
			names.text()
			names.attributes(f.faults.SizeOff)
			if names.bad {
				break
			}
		}
	}
	return packet
}

//go:build !windows

package transfer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"path"
	"strings"
	"testing"
	"time"

	"fleet/internal/sshd"
	"fleet/transport"
)

func TestWhatAHostMakesUpEndsInAnError(t *testing.T) {
	t.Parallel()
	h := embedded(t, "hostile", sshd.Config{
		Files: sshd.HostileFiles(), Exec: func(context.Context, *sshd.Exec) int { return 127 },
	})
	r := h.open(t)
	if r.commands || !r.sftp {
		t.Errorf("commands %v, sftp %v", r.commands, r.sftp)
	}
	for _, test := range []struct {
		folder, want string
		entries      int
	}{
		{"/dotdot", `"../escaped": no folder can have`, 0},
		{"/absolute", `"/escaped": no folder can have`, 0},
		{"/slash", `"a/escaped": no folder can have`, 0},
		{"/empty", `"": no folder can have`, 0},
		{"/nul", `"a\x00b": no folder can have`, 0},
		{"/dot", "", 0},
		{"/parent", "", 0},
		{"/deep", "nested without an end", depthMax + 2},
		{"/negative", "impossible size", 0},
		{"/special", "", 3},
		{"/becomes-file", "read folder", 1},
	} {
		n := 0
		err := r.sys.walk(t.Context(), test.folder, func(i info) error {
			n++
			if strings.Contains(i.path, "escaped") {
				t.Errorf("%s: told of %q", test.folder, i.path)
			}
			return nil
		})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %s", test.folder, err, test.want)
		}
		if n != test.entries {
			t.Errorf("%s: got %d entries, want %d", test.folder, n, test.entries)
		}
	}
	if err := r.sys.walk(t.Context(), "/wide", counted(5000, bytesMax, func(info) error { return nil })); err == nil || !strings.Contains(err.Error(), "more than 5000") {
		t.Errorf("a folder without an end: %v", err)
	}
	for _, test := range []struct {
		file string
		size int64
		want int64
	}{{"/short/f", 1000, 10}, {"/long/f", 10, 10}, {"/endless/f", 10, 10}, {"/endless/f", 3 << 20, 3 << 20}} {
		got := new(memory)
		n, err := r.sys.read(t.Context(), test.file, 0, test.size, got)
		if err != nil || n != test.want || int64(len(got.bytes)) != n {
			t.Errorf("%s: got %d of %d and %v, want %d", test.file, n, len(got.bytes), err, test.want)
		}
	}
}

// A scripted server answers whatever it is asked by the same packets.
type scripted struct {
	net.Conn
	answer func(id uint32, kind byte) []byte
}

func (s *scripted) serve() {
	defer s.Close()
	in := bufio.NewReader(s)
	for {
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		answer := []byte{0, 0, 0, 5, sftpVersion, 0, 0, 0, 3}
		if body[0] != sftpInit {
			answer = s.answer(binary.BigEndian.Uint32(body[1:]), body[0])
		}
		if _, err := s.Write(answer); err != nil {
			return
		}
	}
}

// packet is one of a server.
func packetOf(kind byte, id uint32, rest ...byte) []byte {
	r := &request{kind, append(make([]byte, headSize), rest...)}
	r.finish(id, 0)
	return r.buf
}

func TestASessionEndsByPacketsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		answer     func(id uint32, kind byte) []byte
	}{
		{"a packet that is too large", "which none may have", func(uint32, byte) []byte { return []byte{0xff, 0xff, 0xff, 0xff, sftpStatus, 0, 0, 0, 1} }},
		{"a packet that is too small", "which none may have", func(uint32, byte) []byte { return []byte{0, 0, 0, 4, sftpStatus, 0, 0, 0, 1} }},
		{"another kind", "does not fit", func(id uint32, _ byte) []byte { return packetOf(sftpName, id) }},
		{"no kind at all", "does not fit", func(id uint32, _ byte) []byte { return packetOf(77, id, 1, 2, 3) }},
		{"attributes that end early", "too short", func(id uint32, _ byte) []byte { return packetOf(sftpAttrs, id, 0, 0, 0, 1, 0) }},
		{"extended attributes without an end", "too short", func(id uint32, _ byte) []byte {
			return packetOf(sftpAttrs, id, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
		}},
		{"a success without an answer", "gives no answer", func(id uint32, _ byte) []byte { return packetOf(sftpStatus, id, 0, 0, 0, 0, 0, 0, 0, 0) }},
		{"the end", "the sftp server ended", func(uint32, byte) []byte { return nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			server := &scripted{theirs, test.answer}
			if test.answer(0, 0) == nil {
				server.answer = func(uint32, byte) []byte { _ = theirs.Close(); return nil }
			}
			served := make(chan struct{})
			go func() { defer close(served); server.serve() }() // ends with ours
			s, err := startSession(t.Context(), "host", ours)
			if err != nil {
				t.Fatal(err)
			}
			f := &sftpSystem{session: s}
			if _, err := f.lstat(t.Context(), "/x"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if err := f.close(); err != nil {
				t.Error(err)
			}
			<-served
			if _, err := f.lstat(t.Context(), "/x"); err == nil {
				t.Error("it answers after its end")
			}
		})
	}
}

func TestAFrozenHostDoesNotKeepACanceledTransfer(t *testing.T) {
	t.Parallel()
	server, h := embeddedServer(t, "frozen", sshd.Config{})
	r := h.open(t)
	if err := r.sys.create(t.Context(), h.path("file")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	endless := &pieceFeed{content: make([]byte, 1<<30), onPiece: func(n int) {
		if n == 20 {
			if err := server.SetFaults(sshd.Faults{Freeze: true}); err != nil {
				t.Error(err)
			}
			time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
		}
	}}
	began := time.Now()
	err := r.sys.write(ctx, h.path("file"), endless)
	if !errors.Is(err, why) || endless.open.Load() != 0 {
		t.Errorf("got %v, %d pieces not given back", err, endless.open.Load())
	}
	if took := time.Since(began); took > unsentWait+20*time.Second {
		t.Errorf("it took %s", took)
	}
	if err := server.SetFaults(sshd.Faults{}); err != nil {
		t.Error(err)
	}
}

func TestALostLinkIsToldAsSuchAndTheHostCanBeOpenedAnew(t *testing.T) {
	t.Parallel()
	h := embedded(t, "cut", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{DropWrites: 1 << 20}}})
	r := h.open(t)
	if err := r.sys.create(t.Context(), h.path("file")); err != nil {
		t.Fatal(err)
	}
	content := &pieceFeed{content: make([]byte, 3<<20)}
	err := r.sys.write(t.Context(), h.path("file"), content)
	if transport.KindOf(err) != transport.KindLost || content.open.Load() != 0 {
		t.Errorf("got %v, %d pieces not given back", err, content.open.Load())
	}
	if _, err := r.sys.lstat(t.Context(), h.path("file")); transport.KindOf(err) != transport.KindLost {
		t.Errorf("after that: %v", err)
	}
	if err := r.reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if i, err := r.sys.lstat(t.Context(), h.path("file")); err != nil || i.size == 0 || i.size > 2<<20 {
		t.Errorf("got %+v and %v", i, err)
	}
}

func FuzzPackets(f *testing.F) {
	f.Add(packetOf(sftpStatus, 1, 0, 0, 0, 4, 0, 0, 0, 0))
	f.Add(packetOf(sftpAttrs, 2, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0x81, 0xa4, 0, 0, 0, 1, 0, 0, 0, 2))
	f.Add(packetOf(sftpName, 3, 0, 0, 0, 1, 0, 0, 0, 1, 'x', 0, 0, 0, 0, 0, 0, 0, 0))
	f.Add(packetOf(sftpData, 4, 0, 0, 0, 1, 'x'))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := new(session)
		s.buffers.New = func() any { b := make([]byte, packetMax); return &b }
		w := &walking{system: &sftpSystem{session: s}}
		in := bufio.NewReader(bytes.NewReader(data))
		for {
			a, _, err := s.packet(in, false)
			if err != nil {
				return
			}
			again := a
			if attrs := a.attributes(); a.err == nil && attrs.size < 0 {
				t.Errorf("a size of %d", attrs.size)
			}
			entries, err := w.decode("folder", &again)
			for _, i := range entries {
				if err == nil && (path.Dir(i.path) != "folder" || checkName(path.Base(i.path)) != nil) {
					t.Errorf("told of %q", i.path)
				}
			}
			s.giveBack(a)
		}
	})
}

func FuzzListing(f *testing.F) {
	f.Add("gnu", "1\n81a4 7 1000000000 0 0\n./a\x00\x00")
	f.Add("bsd", "2\n100644 7 1000000000 0 0\n-\n./a\x00\x00./a/b\x00\x00")
	f.Add("", "1\nlrwxrwxrwx 7 0 0 0\n./a\x00to\x00")
	f.Add("gnu", "1\n41ed 0 0 0 0\n./../a\x00\x00")
	f.Fuzz(func(t *testing.T, tool, out string) {
		s := &shellSystem{&Remote{facts: facts{stat: tool}}}
		_ = s.listing(bufio.NewReader(strings.NewReader(out)), func(i info) error {
			if !fs.ValidPath(strings.ToValidUTF8(i.path, "?")) || i.path == "." || i.kind == 0 {
				t.Errorf("told of %+v", i)
			}
			return nil
		})
	})
}

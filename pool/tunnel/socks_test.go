package tunnel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/transport"
)

const patience = 20 * time.Second

// talk runs negotiate on what a client sends, which arrives step bytes at a time.
// What follows the request is left.
func talk(t *testing.T, sent string, step int) (r *socksRequest, left, answered string, err error) {
	t.Helper()
	conn := &recorded{in: bytes.NewReader([]byte(sent)), step: step}
	r, err = negotiate(t.Context(), conn, patience)
	rest, _ := io.ReadAll(conn.in)
	return r, string(rest), conn.out.String(), err
}

func port(n uint16) string { return string(binary.BigEndian.AppendUint16(nil, n)) }

func name5(name string, p uint16) string {
	return "\x05\x01\x00\x03" + string([]byte{byte(len(name))}) + name + port(p)
}

func TestWhatAClientWantsIsUnderstood(t *testing.T) {
	const hello = "\x05\x01\x00"
	for _, tt := range []struct {
		name, sent, want string
		version          int
	}{
		{"5 name", hello + name5("db.internal", 5432), "db.internal:5432", 5},
		{"5 of several methods", "\x05\x03\x02\x01\x00" + name5("db", 1), "db:1", 5},
		{"5 IPv4", hello + "\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50", "10.0.0.1:80", 5},
		{"5 IPv6", hello + "\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x50", "[::1]:80", 5},
		{"5 IPv4 in IPv6", hello + "\x05\x01\x00\x04" + strings.Repeat("\x00", 10) + "\xff\xff\x0a\x00\x00\x01\x00\x50", "10.0.0.1:80", 5},
		{"5 address as a name", hello + name5("fe80::1", 65535), "[fe80::1]:65535", 5},
		{"5 longest name", hello + name5(strings.Repeat("x", 255), 80), strings.Repeat("x", 255) + ":80", 5},
		{"4", "\x04\x01\x00\x50\x0a\x00\x00\x01me\x00", "10.0.0.1:80", 4},
		{"4 nobody", "\x04\x01\x00\x50\x0a\x00\x00\x01\x00", "10.0.0.1:80", 4},
		{"4a", "\x04\x01\x15\x38\x00\x00\x00\x07me\x00db.internal\x00", "db.internal:5432", 4},
		{"4 all zeros", "\x04\x01\x00\x50\x00\x00\x00\x00\x00", "0.0.0.0:80", 4},
	} {
		for _, data := range []string{"", "\x00pipelined\x05"} {
			for _, step := range []int{1, 3, 1000} {
				r, left, _, err := talk(t, tt.sent+data, step)
				if err != nil {
					t.Errorf("%s by %d bytes: %v", tt.name, step, err)
					continue
				}
				if got := r.target().Address; got != tt.want || r.version != tt.version {
					t.Errorf("%s: %s, version %d; want %s", tt.name, got, r.version, tt.want)
				}
				if left != data {
					t.Errorf("%s by %d bytes: %q is left, want %q", tt.name, step, left, data)
				}
			}
		}
	}
}

func TestWhatCannotBeDoneIsRefused(t *testing.T) {
	const hello = "\x05\x01\x00"
	const no4 = "\x00\x5B\x00\x00\x00\x00\x00\x00"
	no5 := func(code string) string { return "\x05\x00\x05" + code + "\x00\x01\x00\x00\x00\x00\x00\x00" }
	for _, tt := range []struct{ name, sent, answer, text string }{
		{"login", "\x05\x01\x02", "\x05\xff", "insists on a login"},
		{"no method", "\x05\x00", "\x05\xff", "insists on a login"},
		{"bind", hello + "\x05\x02\x00\x01\x0a\x00\x00\x01\x00\x50", no5("\x07"), "command 2"},
		{"UDP", hello + "\x05\x03\x00\x01\x0a\x00\x00\x01\x00\x50", no5("\x07"), "command 3"},
		{"address of another type", hello + "\x05\x01\x00\x05", no5("\x08"), "unknown type 5"},
		{"another version within", hello + "\x04\x01\x00\x01", "\x05\x00", "version 4"},
		{"empty name", hello + name5("", 80), no5("\x01"), "no host"},
		{"zero byte", hello + name5("db\x00.evil", 80), no5("\x01"), "no host's name"},
		{"line feed", hello + name5("db\nX y", 80), no5("\x01"), "no host's name"},
		{"escape", hello + name5("\x1b[2J", 80), no5("\x01"), "no host's name"},
		{"not UTF-8", hello + name5("\xff\xfe", 80), no5("\x01"), "not UTF-8"},
		{"path", hello + name5("/run/x", 80), no5("\x01"), "no host's name"},
		{"zone with a trick", hello + name5("fe80::1%\n", 80), no5("\x01"), "no IPv6 address"},
		{"port 0", hello + name5("db", 0), no5("\x01"), "port 0"},
		{"4 bind", "\x04\x02\x00\x50\x0a\x00\x00\x01\x00", no4, "command 2"},
		{"4 endless user", "\x04\x01\x00\x50\x0a\x00\x00\x01" + strings.Repeat("x", 300), no4, "longer than 255"},
		{"4a endless name", "\x04\x01\x00\x50\x00\x00\x00\x01\x00" + strings.Repeat("x", 300), no4, "longer than 255"},
		{"4a no name", "\x04\x01\x00\x50\x00\x00\x00\x01\x00\x00", no4, "no host"},
		{"4a space", "\x04\x01\x00\x50\x00\x00\x00\x01\x00a b\x00", no4, "no host's name"},
		{"HTTP", "GET http://db/ HTTP/1.1\r\n\r\n", notHTTP, "speaks HTTP"},
		{"TLS", "\x16\x03\x01", "", "0x16"},
	} {
		_, _, answered, err := talk(t, tt.sent, 1000)
		if err == nil {
			t.Errorf("%s: taken", tt.name)
			continue
		}
		if !strings.HasPrefix(err.Error(), "socks: ") || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %q, want %q in it", tt.name, err, tt.text)
		}
		if answered != tt.answer {
			t.Errorf("%s: answered %q, want %q", tt.name, answered, tt.answer)
		}
		if strings.ContainsAny(err.Error(), "\x00\n\x1b") {
			t.Errorf("%s: %q cannot be shown", tt.name, err)
		}
	}
}

func TestAClientThatGoesAwayEndsTheTalk(t *testing.T) {
	whole := "\x05\x01\x00" + name5("db", 80)
	for n := range len(whole) {
		if _, _, _, err := talk(t, whole[:n], 1000); err == nil {
			t.Errorf("%d of %d bytes are taken for a request", n, len(whole))
		}
	}
}

func TestAMuteOrSlowClientIsGivenUp(t *testing.T) {
	for _, sent := range []string{"", "\x05", "\x05\x01\x00\x05\x01\x00\x03\x08d", "\x04\x01\x00\x50\x0a\x00\x00\x01m"} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			done := make(chan struct{})
			go func() { // ends when the server closes
				defer close(done)
				_, _ = io.Copy(io.Discard, client)
			}()
			gone := make(chan struct{})
			go func() { // as above: a byte each second is life, but no progress
				defer close(gone)
				_, _ = io.WriteString(client, sent)
				for sent != "" {
					if _, err := io.WriteString(client, "x"); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
			begun := time.Now()
			_, err := negotiate(t.Context(), server, 3*time.Second)
			if !errors.Is(err, errMute) {
				t.Errorf("after %q: %v", sent, err)
			}
			if took := time.Since(begun); took != 3*time.Second {
				t.Errorf("after %q: given up after %s", sent, took)
			}
			<-done
			<-gone
		})
	}
}

func TestTheTalkEndsWithTheContext(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	cancel(over)
	if _, err := negotiate(ctx, server, patience); !errors.Is(err, over) {
		t.Errorf("%v, want %v", err, over)
	}
}

func TestAnAnswerTellsWhatBecameOfTheConnection(t *testing.T) {
	refused := func(text string) error {
		return &transport.Error{Op: "dial", Host: "db1", Kind: transport.KindRefused, Err: errors.New(text)}
	}
	for _, tt := range []struct {
		err  error
		want byte
	}{
		{refused("connection refused"), 5},
		{refused("Connection refused"), 5},
		{refused("No route to host"), 4},
		{refused("Name or service not known"), 4},
		{refused("Temporary failure in name resolution"), 4},
		{refused("Network is unreachable"), 3},
		{refused("Connection timed out"), 6},
		{&transport.Error{Kind: transport.KindTimeout, Err: errors.New("x")}, 6},
		{context.DeadlineExceeded, 6},
		{&transport.Error{Kind: transport.KindLost, Err: errors.New("connection refused")}, 3},
		{&transport.Error{Kind: transport.KindUnreachable, Err: errors.New("x")}, 3},
		{&transport.Error{Kind: transport.KindRefused, Err: transport.ErrNoForwarding}, 2},
		{fmt.Errorf("db:80: %w", errNotPermitted), 2},
		{refused("open failed"), 1},
		{errors.New("x"), 1},
	} {
		for version, want := range map[int]string{
			5: "\x05" + string([]byte{tt.want}) + "\x00\x01\x00\x00\x00\x00\x00\x00",
			4: "\x00\x5B\x00\x00\x00\x00\x00\x00",
		} {
			got := answer(t, func(conn net.Conn) {
				(&socksRequest{version: version, conn: conn, limit: patience}).deny(t.Context(), tt.err)
			})
			if got != want {
				t.Errorf("version %d, %v: %q, want %q", version, tt.err, got, want)
			}
		}
	}
}

func TestAGrantTellsTheAddress(t *testing.T) {
	for _, tt := range []struct {
		version int
		bound   net.Addr
		want    string
	}{
		{5, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80}, "\x05\x00\x00\x01\x0a\x00\x00\x01\x00\x50"},
		{5, &net.TCPAddr{IP: net.IPv6loopback, Port: 80, Zone: "x"}, "\x05\x00\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x50"},
		{5, &net.TCPAddr{}, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
		{5, (*net.TCPAddr)(nil), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
		{5, nil, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
		{4, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80}, "\x00\x5A\x00\x50\x0a\x00\x00\x01"},
		{4, &net.TCPAddr{IP: net.IPv6loopback, Port: 80}, "\x00\x5A\x00\x50\x00\x00\x00\x00"},
		{4, &net.UnixAddr{Name: "/x"}, "\x00\x5A\x00\x00\x00\x00\x00\x00"},
	} {
		got := answer(t, func(conn net.Conn) {
			if err := (&socksRequest{version: tt.version, conn: conn, limit: patience}).grant(t.Context(), tt.bound); err != nil {
				t.Error(err)
			}
		})
		if got != tt.want {
			t.Errorf("version %d, %v: %q, want %q", tt.version, tt.bound, got, tt.want)
		}
	}
}

// answer is what f writes to a connection.
func answer(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	got := make(chan string, 1)
	go func() { // ends when the server's end is closed
		b, _ := io.ReadAll(client)
		got <- string(b)
	}()
	f(server)
	server.Close()
	return <-got
}

// TestARefusalIsNotResetAway: a client that sent more than the request still
// reads the answer, where a plain close would reset the connection.
func TestARefusalIsNotResetAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.WriteString(client, "\x05\x01\x00"+name5("db", 80)+strings.Repeat("data", 1000)); err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	r, err := negotiate(t.Context(), server, patience)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends within a second, or when the client is gone
		defer close(done)
		r.deny(t.Context(), errNotPermitted)
		server.Close()
	}()
	got, err := io.ReadAll(client)
	if err != nil || !bytes.HasSuffix(got, []byte("\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00")) {
		t.Errorf("%q, %v", got, err)
	}
	client.Close()
	<-done
}

// FuzzSocks: whatever a client sends, what is taken can be handed on and shown,
// nothing is read beyond it, and there is an end.
func FuzzSocks(f *testing.F) {
	f.Add([]byte("\x05\x01\x00" + name5("db.internal", 5432) + "data"))
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x50"))
	f.Add([]byte("\x04\x01\x15\x38\x00\x00\x00\x07me\x00db\x00data"))
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn := &recorded{in: bytes.NewReader(sent)}
		r, err := negotiate(t.Context(), conn, patience)
		if len(conn.out.Bytes()) > 1024 {
			t.Errorf("%d bytes of answer", conn.out.Len())
		}
		if err != nil {
			if r != nil || strings.ContainsAny(err.Error(), "\x00\n\r\x1b") {
				t.Errorf("%v, %q", r, err)
			}
			return
		}
		if r.port < 1 || r.port > 65535 || r.host == "" || strings.ContainsAny(r.host, "\x00\n\r\x1b /") {
			t.Errorf("%q, %d", r.host, r.port)
		}
		if e := r.target(); e.Port() != r.port || e.Host() != r.host {
			t.Errorf("%q and %d became %v", r.host, r.port, e)
		}
		// A byte less is no request: so none too many was read.
		short := sent[:len(sent)-conn.in.Len()-1]
		if _, err := negotiate(t.Context(), &recorded{in: bytes.NewReader(short)}, patience); err == nil {
			t.Errorf("%q and %q are both a request", sent, short)
		}
	})
}

// A recorded connection has its input, of which one read gives at most step bytes
// or, with 0, what there is; and it keeps its output.
type recorded struct {
	net.Conn
	in   *bytes.Reader
	step int
	out  bytes.Buffer
}

func (c *recorded) Read(b []byte) (int, error) {
	if c.step > 0 {
		b = b[:min(c.step, len(b))]
	}
	return c.in.Read(b)
}

func (c *recorded) Write(b []byte) (int, error) { return c.out.Write(b) }
func (c *recorded) Close() error                { return nil }

package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"fleet/internal/rundir"
	"fleet/pool/tunnel"
)

// Every "fleet tunnel" tells who asks on a socket of its own what its tunnels do:
// that is what "fleet tunnel list" shows. The sockets are in a folder that is for
// their user alone.

// A tunnelState is an open tunnel in the JSON of "fleet tunnel list".
type tunnelState struct {
	tunnelDocument
	PID         int        `json:"pid,omitempty"` // of the process that has it open
	Since       *time.Time `json:"since,omitempty"`
	Connections int64      `json:"connections"`
	Total       int64      `json:"connections_total"`
	Received    int64      `json:"bytes_in"`
	Sent        int64      `json:"bytes_out"`
	RTT         float64    `json:"rtt_ms,omitempty"`
	LastError   string     `json:"last_error,omitempty"`
	Background  bool       `json:"background,omitempty"` // "fleet tunnel down" closes it
}

// describeOpen is all there is to say about a tunnel of this process.
func (a *app) describeOpen(s *tunnel.Status) tunnelState {
	since := s.Since
	return tunnelState{
		tunnelDocument: a.describeTunnel(s), PID: os.Getpid(), Since: &since,
		Connections: s.Open, Total: s.Total, Received: s.Received, Sent: s.Sent,
		RTT: float64(s.RTT.Microseconds()) / 1000, LastError: a.redactor.String(errorText(s.LastError)),
	}
}

// tunnelDir is the folder of the sockets, for this user alone. Only who makes is
// given one that is new.
func tunnelDir(e *env, makes bool) (string, error) {
	dir, err := rundir.Dir(e.value, makes)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "tunnels")
	return dir, rundir.Check(dir, makes)
}

// A statusServer answers on the socket of this process. A nil one does not.
type statusServer struct {
	listener net.Listener
	path     string
	group    *tunnelGroup // what can be closed; nil: nothing
	work     sync.WaitGroup
}

// serveStatus begins to tell who asks what status gives. Where that is not
// possible, the user hears of it, and the tunnels are open all the same. What is in
// group can also be closed that way.
func (a *app) serveStatus(status func() []tunnel.Status, group *tunnelGroup) *statusServer {
	s, err := newStatusServer(&a.env, func() []tunnelState {
		list := status()
		states := make([]tunnelState, len(list))
		for i := range list {
			states[i] = a.describeOpen(&list[i])
			states[i].Background = a.handover.detached()
		}
		return states
	}, group)
	if err != nil && !a.global.quiet {
		a.complain(fmt.Errorf("warning: fleet tunnel list will not show these tunnels: %w", err))
	}
	return s
}

func newStatusServer(e *env, states func() []tunnelState, group *tunnelGroup) (*statusServer, error) {
	dir, err := tunnelDir(e, true)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, fmt.Sprintf("%d-%s", os.Getpid(), strings.ToLower(rand.Text()[:8])))
	l, err := listenPrivately(name+".new", name+".sock")
	if err != nil {
		return nil, err
	}
	s := &statusServer{listener: l, path: name + ".sock", group: group}
	s.work.Go(func() { s.serve(states) }) // ends with close
	return s, nil
}

// listenPrivately listens on a socket for this user alone. It has its name when it
// answers, and not before: one that does not is taken for dead, and removed.
func listenPrivately(before, path string) (net.Listener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: before, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(before, 0o600); err == nil {
		err = os.Rename(before, path)
	}
	if err != nil {
		_ = l.Close()
		_ = os.Remove(before)
		return nil, err
	}
	return l, nil
}

// answerTime bounds how long one is waited for who asks, or who is asked.
const answerTime = 2 * time.Second

func (s *statusServer) serve(states func() []tunnelState) {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptors are left, for example
			time.Sleep(100 * time.Millisecond)
			continue
		}
		s.work.Go(func() { // ends with the answer, or its time
			_ = conn.SetDeadline(time.Now().Add(answerTime))
			if json.NewEncoder(conn).Encode(states()) == nil && s.group != nil && s.obey(conn) {
				return // whoever closed the last one sees this process end
			}
			_ = conn.Close()
		})
	}
}

// obey closes what it is asked to close. It reports whether nothing is left.
func (s *statusServer) obey(conn net.Conn) (last bool) {
	var request tunnelRequest
	if json.NewDecoder(io.LimitReader(conn, maxRequest)).Decode(&request) != nil || request.Close == "" {
		return false
	}
	_ = conn.SetDeadline(time.Now().Add(closeTime))
	var answer tunnelAnswer
	answer.Cut, answer.Last, answer.Closed = s.group.shut(request.Close)
	_ = json.NewEncoder(conn).Encode(answer)
	return answer.Last
}

// maxRequest bounds what a request may take, in bytes.
const maxRequest = 4096

// close ends the server and removes its socket.
func (s *statusServer) close() {
	if s == nil {
		return
	}
	_ = os.Remove(s.path)
	_ = s.listener.Close()
	s.work.Wait()
}

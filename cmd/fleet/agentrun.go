package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"fleet/agent"
	"fleet/internal/term"
	"fleet/pool"
	"fleet/pool/credential"
)

// agentRun is "fleet agent run": a pool, served on the agent's socket.
func (a *app) agentRun(ctx context.Context, f *agentFlags) (err error) {
	parent := readyPipe(&a.env)
	defer func() { parent.tell(err) }()
	if err := agent.Harden(); err != nil {
		return fmt.Errorf("the memory of the agent cannot be kept from core files: %w", err)
	}
	ln, err := a.agentListener()
	if err != nil {
		return err
	}
	defer ln.Close()
	log, logged, err := a.agentLog(f.log)
	if err != nil {
		return err
	}
	defer logged.Close()
	credentials := &credential.Store{Logger: log}
	defer credentials.Close()
	connections := pool.New(pool.Config{Credentials: credentials, Linger: f.linger, OpenAhead: f.linger > 0, Logger: log})
	defer connections.Close()
	reload := func() {
		credentials.Reset()
		connections.Retire()
		log.Info("keys and known_hosts are read again")
	}
	server := agent.NewServer(agent.Config{
		Transport: connections,
		Prepare:   credentials.Preload,
		Snapshot:  func() agent.Snapshot { return snapshot(connections) },
		Reload:    reload,
		Version:   readBuildInfo().Version,
		Socket:    ln.Addr().String(),
		Idle:      f.idle,
		Logger:    log,
	})
	halveProcessors(&a.env)
	finish, err := serveMetrics(f.metrics, server, log)
	if err != nil {
		return err
	}
	defer finish()
	defer obeySignals(server, reload, log)()
	log.Info("the agent is ready", "socket", ln.Addr().String(), "version", readBuildInfo().Version)
	parent.tell(nil)
	err = server.Serve(ctx, ln)
	log.Info("the agent has ended")
	return err
}

// agentListener is the socket that systemd made, or one of its own.
func (a *app) agentListener() (net.Listener, error) {
	ln, err := agent.FromSystemd(a.env.value)
	if ln != nil || err != nil {
		return ln, err
	}
	path, err := a.agentSocket(true)
	if err != nil {
		return nil, err
	}
	return agent.Listen(path)
}

// agentLog is the log of an agent: for people on a terminal, for programs elsewhere.
func (a *app) agentLog(file string) (*slog.Logger, io.Closer, error) {
	level := slog.LevelInfo
	if a.global.verbose > 0 {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	if file != "" {
		w, err := openBoundedLog(file)
		if err != nil {
			return nil, nil, fmt.Errorf("the log: %w", err)
		}
		return slog.New(slog.NewJSONHandler(w, options)), w, nil
	}
	if term.IsTerminal(a.env.stderr) {
		return slog.New(slog.NewTextHandler(a.env.stderr, options)), io.NopCloser(nil), nil
	}
	return slog.New(slog.NewJSONHandler(a.env.stderr, options)), io.NopCloser(nil), nil
}

// obeySignals ends the agent when it is told to, the second time without waiting,
// and has keys read again at SIGHUP.
func obeySignals(server *agent.Server, reload func(), log *slog.Logger) (finish func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	var work sync.WaitGroup
	work.Go(func() { // ends with finish
		told := false
		for s := range signals {
			if s == syscall.SIGHUP {
				reload()
				continue
			}
			log.Info("ending", "signal", s.String(), "now", told)
			server.Stop(told)
			told = true
		}
	})
	return func() {
		// One that comes now is too late to change anything: the agent has ended.
		signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		signal.Stop(signals)
		close(signals)
		work.Wait()
	}
}

// serveMetrics serves metrics on a port of this machine, where that is wanted.
func serveMetrics(address string, server *agent.Server, log *slog.Logger) (finish func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		// A page that a browser shows must not reach this by a name of its own.
		if host, _, err := net.SplitHostPort(r.Host); err != nil || host != "localhost" && !isLoopback(host) {
			http.Error(w, "this is for this machine alone", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", agent.MetricsType)
		_ = server.Metrics(w)
	})
	web := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	var work sync.WaitGroup
	work.Go(func() { // ends with finish
		if err := web.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served any more", "error", err)
		}
	})
	log.Info("metrics are served", "url", "http://"+ln.Addr().String()+"/metrics")
	return func() {
		_ = web.Close()
		work.Wait()
	}, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// loopbackAddress refuses what others than this machine could reach.
func loopbackAddress(s string) error {
	host, _, err := net.SplitHostPort(s)
	if err != nil || host != "localhost" && !isLoopback(host) {
		return wrong("is no address and port of this machine alone, such as 127.0.0.1:9464", "")
	}
	return nil
}

//go:build linux

package pool_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"fleet/internal/opensshd"
	"fleet/pool"
	"fleet/transport"
	"fleet/transport/transporttest"
)

// startDropbear starts dropbear for the rest of the test, with an account that
// package opensshd makes.
func startDropbear(t *testing.T) transport.Target {
	t.Helper()
	needRoot(t)
	needTool(t, "dropbear", "dropbearkey")
	s, target := startSSHD(t, opensshd.Options{NewUser: true})
	keys := filepath.Join(s.Home, ".ssh")
	if err := os.Mkdir(keys, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "authorized_keys"), []byte(s.PublicKey+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	hostKey := filepath.Join(s.Dir, "dropbear_host_key")
	if out, err := exec.Command("dropbearkey", "-t", "ed25519", "-f", hostKey).CombinedOutput(); err != nil {
		t.Fatalf("dropbearkey: %v: %s", err, out)
	}
	log, err := os.Create(filepath.Join(s.Dir, "dropbear.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for try := 1; ; try++ { // somebody may take the port in between
		ln := listen(t)
		addr := ln.Addr().(*net.TCPAddr)
		_ = ln.Close()
		// Without -a it binds a forwarded port on ::1 and 127.0.0.1, and is content
		// where somebody else has the latter.
		cmd := exec.Command("dropbear", "-a", "-F", "-E", "-s", "-p", addr.String(), "-r", hostKey, "-P", filepath.Join(s.Dir, "dropbear.pid"))
		cmd.Stderr = log
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { // ends when the server is killed
			defer close(ended)
			_ = cmd.Wait()
		}()
		t.Cleanup(func() {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
			if t.Failed() {
				text, _ := os.ReadFile(log.Name())
				t.Logf("log of dropbear:\n%s", text)
			}
		})
		up := false
		eventually(t, patience, "listening", func() bool {
			select {
			case <-ended:
				return true
			default:
			}
			nc, err := net.Dial("tcp", addr.String())
			if err == nil {
				_ = nc.Close()
			}
			up = err == nil
			return up
		})
		target.Port = addr.Port
		target.HostKey = transport.HostKey{Files: []string{filepath.Join(s.Dir, "dropbear_known_hosts")}, Policy: transport.HostKeyAcceptNew}
		if up {
			return target
		}
		if try == 5 {
			t.Fatal("dropbear does not start")
		}
	}
}

func TestPoolKeepsTheContractOnDropbear(t *testing.T) {
	t.Parallel()
	target := startDropbear(t)
	transporttest.Run(t, newPool(t, pool.Config{Linger: -1, OpenAhead: true}), target, transporttest.Options{NoLateOutput: true, NoUnixListener: true, NoListenerClose: true})
}

func TestScriptsReachTheShellUnchangedThroughDropbear(t *testing.T) {
	t.Parallel()
	scripts(t, newPool(t, pool.Config{Linger: -1, OpenAhead: true}), startDropbear(t))
}

func TestEveryProcessEndsOnDropbearAndTheServerDoesNot(t *testing.T) {
	t.Parallel()
	target := startDropbear(t)
	p := newPool(t, pool.Config{Linger: -1})
	forEachStop(t, []login{{name: "dropbear", target: target}}, func(t *testing.T, c stopCase) {
		t.Run("client killed", func(t *testing.T) {
			m := newMark()
			c := c
			c.target.HostKey.Files = []string{filepath.Join(t.TempDir(), "known_hosts")}
			job := c.job(m)
			job.AcceptNew = true
			client := startClient(t, job)
			if err := client.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			m.mustEnd(t)
		})
		t.Run("canceled", func(t *testing.T) {
			m := newMark()
			cmd := c.command(m)
			if c.input == "stdin" {
				cmd.Stdin = endless(t)
			}
			canceled(t, p, c.target, cmd)
			if left := m.alive(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
		got := run(t.Context(), p, c.target, &transport.Command{Script: "exit 3"})
		if got.err != nil || got.status.Code != 3 {
			t.Errorf("the server does not live on: %+v", got)
		}
	})
}

//go:build !windows

package transport

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// A watchdog ends the process group of a command when fleet is killed and can do so
// no more. It is a shell that reads from a pipe of fleet's: which group it is, and
// then the end of file, which comes only when nobody has the other end any more.
type watchdog struct {
	cmd  *exec.Cmd
	pipe *os.File // fleet's end
}

// watchScript leaves a group alone whose leader has ended by itself, as fleet would
// have. The number of a group is not used anew as long as it has a member.
const watchScript = `trap "" TERM HUP INT
read -r g || exit 0
read -r x
kill -s 0 -- "$g" 2>/dev/null || exit 0
kill -s TERM -- "-$g" 2>/dev/null
n=0
while [ "$n" -lt "$1" ] && kill -s 0 -- "-$g" 2>/dev/null; do sleep 1; n=$((n + 1)); done
kill -s KILL -- "-$g" 2>/dev/null
[ -z "$2" ] || rm -f -- "$2"`

// startWatchdog starts one that is not told of a group yet: the command is never
// without it for longer than a Write takes. file is removed with the group, if it
// is not empty. stop must be called.
func startWatchdog(grace time.Duration, file string) (*watchdog, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	seconds := strconv.Itoa(int((grace + time.Second - 1) / time.Second))
	cmd := exec.Command("/bin/sh", "-c", watchScript, "fleet", seconds, file)
	cmd.Stdin = r // its output goes nowhere
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // all else is none of its business
	ownGroup(cmd)                                   // it outlives the signals of a terminal, too
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, err
	}
	return &watchdog{cmd: cmd, pipe: w}, nil
}

// watch says which group it is.
func (w *watchdog) watch(leader *os.Process) {
	_, _ = io.WriteString(w.pipe, strconv.Itoa(leader.Pid)+"\n")
}

// stop ends the watchdog, and leaves the group alone.
func (w *watchdog) stop() {
	_ = w.cmd.Process.Signal(syscall.SIGKILL)
	_ = w.cmd.Wait()
	_ = w.pipe.Close()
}

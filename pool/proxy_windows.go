package pool

import "os/exec"

func shellCommand(_, command string) *exec.Cmd { return exec.Command("cmd.exe", "/c", command) }

func ownGroup(*exec.Cmd) {}

func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

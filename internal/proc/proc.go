package proc

// A Process is one line of the table. Those that have ended and only wait for
// their parent are not in it.
type Process struct{ PID, Parent, Group, User int }

// Descendants are the numbers of all that a process has started, and that these
// have started in turn.
func Descendants(root int, all []Process) []int {
	children := make(map[int][]int)
	for _, p := range all {
		children[p.Parent] = append(children[p.Parent], p.PID)
	}
	var found []int
	for next := children[root]; len(next) > 0; {
		pid := next[0]
		found = append(found, pid)
		next = append(next[1:], children[pid]...)
	}
	return found
}

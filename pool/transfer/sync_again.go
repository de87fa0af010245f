package transfer

import "slices"

// recount counts as done what the first try has done before its link was lost, whether
// it had the answer or not: what p, the plan of the second one, does not name any more.
func (s *syncing) recount(p *plan) {
	left := make(map[string]int, len(p.changes))
	for i, c := range p.changes {
		left[c.Path] = i
	}
	files := make(map[string]bool)
	for _, u := range s.first.units {
		for _, e := range s.tree.entries[u.from:u.to] {
			files[e.path] = e.kind == aFile
		}
	}
	var done []Change
	s.report.Changes, s.report.Total, s.report.Deleted, s.report.Files = s.made, len(s.made), 0, 0
	for _, c := range s.first.changes {
		i, again := left[c.Path]
		switch {
		case !again:
			done = append(done, c)
			if files[c.Path] {
				s.report.Files++
			}
		case p.changes[i].What == Adjusted && c.What != Adjusted: // it lacks its last touch
			p.changes[i].What = c.What
			if files[c.Path] {
				p.files++
			}
		}
	}
	s.changedAll(done, func(What) bool { return true })
	for _, i := range s.first.folders { // whose times may not be set yet
		if s.have[s.tree.entries[i].path].kind == aFolder {
			p.folders = append(p.folders, i)
		}
	}
	slices.Sort(p.folders)
	p.folders = slices.Compact(p.folders)
	filesBefore, bytesBefore := s.moves(s.first)
	filesLeft, bytesLeft := s.moves(p)
	s.told.FilesDone += filesBefore - filesLeft
	s.told.BytesDone += bytesBefore - bytesLeft
	s.o.Meter.done(filesBefore-filesLeft, bytesBefore-bytesLeft)
}

// moves is what travels by p.
func (s *syncing) moves(p *plan) (files int, bytes int64) {
	for _, u := range p.units {
		for _, e := range s.tree.entries[u.from:u.to] {
			if e.kind == aFile {
				files++
				bytes += e.size
			}
		}
	}
	return files, bytes
}

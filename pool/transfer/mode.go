package transfer

import "io/fs"

// Bits of st_mode, the same on all systems that matter here.
const (
	unixType   = 0o170000
	unixFile   = 0o100000
	unixFolder = 0o040000
	unixLink   = 0o120000
	unixSetuid = 0o4000
	unixSetgid = 0o2000
	unixSticky = 0o1000
)

// special are the mode bits beyond permissions; keptBits are all that a file keeps.
const (
	special  = fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	keptBits = fs.ModePerm | special
)

// unixMode takes st_mode apart. The kind is 0 where m has no type.
func unixMode(m uint32) (kind, fs.FileMode) {
	mode := fs.FileMode(m) & fs.ModePerm
	for _, bit := range modeBits {
		if m&bit.unix != 0 {
			mode |= bit.mode
		}
	}
	switch m & unixType {
	case 0:
		return 0, mode
	case unixFile:
		return aFile, mode
	case unixFolder:
		return aFolder, mode
	case unixLink:
		return aLink, mode
	default:
		return aSpecial, mode
	}
}

// permBits is the part of st_mode that chmod sets.
func permBits(mode fs.FileMode) uint32 {
	m := uint32(mode.Perm())
	for _, bit := range modeBits {
		if mode&bit.mode != 0 {
			m |= bit.unix
		}
	}
	return m
}

var modeBits = [...]struct {
	unix uint32
	mode fs.FileMode
}{
	{unixSetuid, fs.ModeSetuid},
	{unixSetgid, fs.ModeSetgid},
	{unixSticky, fs.ModeSticky},
}

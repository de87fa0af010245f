package tasks

import "io/fs"

// A Copy is the action of copy and template: one file to the machine.
type Copy struct {
	// Source is the absolute path of a regular file on this machine; "" where
	// Content is what goes.
	Source string
	// Content is a text that was given, or made from a template. Name is the path of
	// the template, and "content" for a text that was given.
	Content []byte
	Name    string
	// Destination is the path on the machine: absolute, from the login folder on, or
	// "~/...". One that ends with "/" is a folder, in which the file keeps its name.
	Destination string
	Attributes
	Backup, Follow bool
	Validate       string // a shell command with %s; "" is none
}

// A Fetch is the action of fetch: a file or folder from the machine.
type Fetch struct {
	// Source is the path on the machine. One that ends with "/" is the content of a
	// folder.
	Source string
	// Destination is the absolute path on this machine that the file or folder gets,
	// without a "/" at its end, with the host's name in place of "{host}".
	Destination string
	Exclude     []string // in the syntax of gitignore
}

// A Sync is the action of sync: a folder to the machine.
type Sync struct {
	// Source is the absolute path of a folder on this machine. With a "/" at its end,
	// its content goes; without one, the folder itself goes into Destination.
	Source      string
	Destination string // the path of a folder on the machine, as in Copy
	Attributes         // Mode is that of files
	Delete      bool
	Exclude     []string // in the syntax of gitignore
}

// Attributes are how a file is to be on the machine. The zero value keeps what
// there is.
type Attributes struct {
	Mode         fs.FileMode // counts with HasMode; setuid, setgid and sticky as in fs.FileMode
	HasMode      bool
	Owner, Group string // names or numbers on the machine
}

func (*Copy) action()  {}
func (*Fetch) action() {}
func (*Sync) action()  {}

// Transfers reports whether s copies files, so that what it changed is reported by
// the transfer.
func (s *Step) Transfers() bool {
	return isFileAction(s.Kind)
}

// Package transfer copies files and trees to and from hosts, over any transport.
//
// A [Remote] is the files of one host as one user sees them. [Open] reaches them
// over sftp; where a host has no sftp, or another user's rights are needed and
// there is no sftp server to run as that user, the same is done by commands, and
// file contents go through their standard input and output unchanged.
//
// A Remote has one sftp session, with many requests under way at one time, and runs a
// command now and then: for the SHA-256 of files, and for what sftp cannot do. A big
// file on a link with a delay gets more sessions. What a host answers is not trusted:
// names, sizes and listings that cannot be end in errors.
//
// What is written is never seen half done. A file is written under a name of its
// own in the folder of its target, with nobody else's access; it is put on disk,
// its SHA-256 is taken there and compared, and it then takes the target's place in
// one step. What is already as it should be is left alone, and is not a change.
// What arrives is written below the folder that the user named, by os.Root,
// whatever names the host sends.
//
// A [Source] or [Tree] is read on this machine, once for all hosts: many Remotes
// use one at the same time. A Remote is for one goroutine at a time. All goroutines
// belong to a session or to a method: [Remote.Close] waits for the former, the method
// for the latter.
package transfer

// Package secret finds the text of the secrets that an inventory declares: in
// the environment, in files, by commands, with age, from the user, with sops.
//
// # The model
//
// A [Provider] is where one secret comes from: [Env], [File], [Exec], [Age],
// [Prompt] or [Sops]. It is plain data; Check finds what is wrong with it without
// looking anywhere. A [Resolver] knows the declared secrets by name and resolves
// each when it is first asked for, and never again: no key is pressed and no
// command run for a secret that nothing needs.
//
// A secret is text in UTF-8 of 1 byte to 16 KiB. Files and commands end their
// output with a line end, which is no part of the secret; one is taken away.
//
// Values are a transport.Secret, which does not print itself, and no error has
// any part of one in it. Config.Learned hears of each value, and of each
// passphrase, before anybody else: a redactor that is told there masks them in
// whatever is said from then on.
//
// # The terminal
//
// Questions and commands take turns: a command such as pass or gpg may ask for a
// passphrase itself. Its standard input is empty, but it is in the foreground of
// the terminal where fleet was, with a process group of its own, all of which
// ends when its time is over.
//
// # Ownership and concurrency
//
// A Resolver is safe for concurrent use. Callers who ask for the same secret at
// the same time share one answer; where only the one who went for it gave up, the
// others try themselves. Nothing is left running when Resolve returns.
package secret

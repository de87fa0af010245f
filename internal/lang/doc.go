// Package lang is the language of fleet below its nouns: it reads HCL files,
// evaluates expressions, and says what is wrong with them. Packages inventory
// and tasks give the blocks their meaning.
//
// # The model
//
// [Parse] reads files and folders into a [Project]. [Project.Decode] checks the
// top level against the block types the caller knows. [Project.NewScope] gives
// every declared variable its value, evaluates the locals in the order they need
// each other, and returns a [Scope], in which all other expressions are
// evaluated by [Scope.Eval].
//
// What is known later makes another scope of it: [Scope.WithFleet] when the hosts
// are known, [Scope.WithSecrets] when secrets were resolved, [Scope.ForHost] for
// one host. [Scope.SecretsIn], [Scope.RefersToHost] and [Scope.NeedsFacts] tell
// beforehand what an expression needs.
//
// # Diagnostics
//
// Inside the project hcl.Diagnostics travel; [Project.Diagnostics] turns them
// into [Diagnostics], which carry their source lines and need nothing else to be
// shown, as text or as the JSON of `terraform validate -json`. A Summary is
// constant; a Detail says what is wrong, why, and what to do. Values marked
// [Sensitive] are never part of a diagnostic.
//
// # Hostile files
//
// hcl parses by recursion without a limit and evaluates without a budget, so
// that a small file can end the process or fill the machine. Every source is
// therefore measured before it is parsed (size, tokens, nesting, length of
// operator chains), and every expression is rewritten after it is parsed: nodes
// that loop or build values are wrapped, and each evaluation pays for its steps
// and for the size of its values from a budget of the scope. The limits count
// steps, not seconds: a file that is accepted once is always accepted.
//
// # Ownership and concurrency
//
// A Project is not changed after Decode and a Scope not after NewScope; both may
// then be used by many goroutines, [Scope.EvalText] excepted. The budget of a
// scope is shared by them; a scope for a host, or with secrets, has its own.
package lang

// Package architecture holds the rules of the house as tests: who may import
// whom, what every package must have, and what no file may contain.
//
// There is no code in it. Each rule is a row of a table with its reason, so
// that a failing test says why the rule is there; docs/architecture.md tells
// the same as a story. A rule that stands in the way is argued about here, in a
// commit of its own, and never worked around.
package architecture

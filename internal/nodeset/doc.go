// Package nodeset reads and writes sets of host names the way people who run
// clusters write them: "web[01-40]!web07".
//
// # Names and ranges
//
// A bracket holds numbers and ranges: n[01-10,12], with a step n[0-8/2]. Several
// brackets multiply, and text may follow: r[1-2]n[01-04].example.net. The width
// of a range is that of its first number, so 01-10 is 01, 02 ... 10 and n[1-2]
// and n[01-02] have no name in common. A bracket is always a range, never a
// class of characters.
//
// # Expressions
//
// Terms are combined strictly from left to right; parentheses, which nest to
// 200, group. No operator binds tighter than another:
//
//	a,b   union          a!b   difference
//	a&b   intersection   a^b   in one of them, not in both
//
// White space around operators means nothing; white space alone between two
// terms is a union. Superfluous commas are passed over, as pdsh does; every other
// operator needs a term on both sides. A term is
//
//	web07, web[01-40]    a name, or a range of names
//	web*, rack?          a glob: * is any text, ? any one character
//	/^web.*[02468]$/     a regular expression (RE2); \/ is a slash
//	@web, @rack[1-3]     a group, or several
//	dc=ams, tier!=db     a label, without spaces; the value may be a glob
//
// The sign "!" is a difference unless "=" follows at once: no term begins with
// "=", so "tier!=db" can be nothing but a label.
//
// # Resolving
//
// The package knows no inventory. [Parse] gives an [Expr]; [Expr.Eval] asks a
// [Resolver] for each [Term] and does the algebra. [Names] is the resolver for
// life without an inventory. [Expand], [Count] and [Fold] are for names alone.
//
// # Order
//
// Every set comes in one order, that of [Compare]: by the text around the
// numbers, then number by number. It is the order of ClusterShell's nodeset for
// names with one number and for full products; where nodeset lists the pieces of
// a ragged product one after the other, this package goes on counting.
//
// # Bounds
//
// Sizes are added up before anything is expanded. What would come to more than
// [MaxSize] names, counting repeated ones, is an error at once, and so is a name
// of more than 255 bytes. Folding names with several numbers has a bounded
// effort: beyond it the result is still right, only less compact.
//
// # Ownership and concurrency
//
// Everything is a pure function of its arguments. An *Expr is immutable and may
// be used by many goroutines at a time.
package nodeset

//go:build race

package lang

// slowness is how much longer everything takes.
const slowness = 10

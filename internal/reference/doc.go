// Package reference writes down the language: a page for people, and a JSON
// schema by which editors complete and check the JSON twin of project files.
//
// # The model
//
// Both are made from the definitions that the decoders read by
// ([lang.BlockDef]), so that they say what is so. The files in docs/ are made by
//
//	go test ./internal/reference -update
//
// and a test compares them.
//
// # Ownership and concurrency
//
// All functions are pure.
package reference

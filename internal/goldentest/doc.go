// Package goldentest compares what is said about small projects with what was
// said before.
//
// # The model
//
// An archive (txtar) holds the files of a project and, in a section "want", what
// is to be said about it. What stands before the first file is for the test, such
// as variables. [Run] writes the files into a folder, calls the test's function
// there, and compares; or, when told to update, writes the section anew.
//
// It is for tests. Subtests change the working folder and do not run at one time.
package goldentest

// Package sshdtest starts servers of package sshd for tests.
//
// # The model
//
// [Start] serves on a free loopback port until the test ends, and fails the test
// where the server does not end well. What such a server is and does is said in
// package sshd; how to reach it is up to the test.
package sshdtest

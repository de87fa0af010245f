// Package credential turns a transport.Login into the authentication of one
// connection.
package credential

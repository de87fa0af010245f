// Package tasks turns task files into plans whose steps bind late to a host.
package tasks

// Package output shows a run to people and programs.
//
// # The model
//
// A run is one stream of events (package event), and a renderer is a sink that
// prints it: [NewStream] as it happens, [NewGather] and [NewDiff] grouped by
// identical results, [NewGatherLines] line by line across hosts, [NewJSON],
// [NewJSONL] and [NewJUnit] for programs. [NewTasks] prints a run of tasks: each
// step of a batch when all its hosts have passed it. [Files] writes one file per host
// and is used beside another renderer, by way of event.Tee. [Tracker] prints
// nothing by itself and can tell at any time what each unfinished host does.
//
// Standard output carries the hosts' standard output or exactly the chosen
// format; standard error carries the hosts' standard error and all that fleet
// says itself: how a host ended, notes, the closing summary, the status line.
// On a terminal remote bytes are made safe first (package internal/term); into
// a pipe or a file they go unchanged.
//
// # Ownership and concurrency
//
// Emit may be called from many goroutines. A chunk of output is formatted by
// the goroutine that brings it, without a common lock, and printed in one
// write; only the write itself is serialized, by the screen, which owns both
// outputs and the status line. A slow reader of these outputs holds producers
// back; nothing is dropped. Event data is copied where it is kept.
//
// Memory is bounded whatever hosts print. Unfinished lines are held up to 1 MiB
// each and 32 MiB together. Gathered output is a tree in which hosts share what
// they have in common, so identical output is stored once; beyond
// Config.Memory it moves to a temporary file.
//
// Lock order: that of a run of tasks, a host's own lock, then the store's or the
// screen's.
package output

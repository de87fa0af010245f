package main

import "fleet/pool/tunnel"

// queuedMax bounds the changes of one tunnel that wait to be told. Of a tunnel with
// more the latest takes the place of the one before.
const queuedMax = 8

// A newsQueue holds changes of tunnels, in order. Its zero value is empty.
type newsQueue struct {
	list []tunnel.Status
	of   map[tunnelID]queued
}

// A queued says what a queue holds of one tunnel.
type queued struct {
	number int
	last   int // index
}

func (q *newsQueue) add(s *tunnel.Status) {
	id := idOf(s)
	has := q.of[id]
	if has.number == queuedMax {
		q.list[has.last] = *s
		return
	}
	if q.of == nil {
		q.of = map[tunnelID]queued{}
	}
	q.of[id] = queued{number: has.number + 1, last: len(q.list)}
	q.list = append(q.list, *s)
}

// take empties the queue.
func (q *newsQueue) take() []tunnel.Status {
	list := q.list
	*q = newsQueue{}
	return list
}

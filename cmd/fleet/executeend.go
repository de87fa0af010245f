package main

import (
	"fleet/event"
	"fleet/internal/nodeset"
)

// end closes the outputs and turns the summary into fleet's exit status.
func (x *execution) end(s *event.Summary) error {
	x.close()
	status := s.ExitStatus()
	x.unfinished = status != 0
	err := x.failure()
	x.app.report(err)
	if err != nil && (status == 0 || s.Why == event.Aborted) {
		status = exitStatus(err)
	}
	if !closedPipe(err) {
		x.tellRest()
	}
	if status == 0 && x.side != nil && x.side.lost() {
		status = statusError
	}
	return exit(status)
}

// close prints what is still held back and gives back what is held.
func (x *execution) close() {
	if err := x.renderer.Close(); err != nil {
		x.fail(err)
	}
	if x.files != nil {
		_ = x.files.Close() // fileFailed was told
	}
	if x.stdin != nil {
		x.stdin.close()
	}
	if err := x.record.close(); err != nil && x.kind == kindApply {
		x.fail(err)
	}
}

// restMax bounds the names in a hint, in bytes: a line that a shell and a
// person can take.
const restMax = 4000

// tellRest says how to go on with what was not done.
func (x *execution) tellRest() {
	_, missed := x.roll.call()
	switch {
	case x.app.global.quiet || x.app.guided || x.kind == kindPlan:
		return
	case x.kind == kindApply || x.transfers() && x.record != nil:
		if x.unfinished && x.record != nil {
			x.app.hint("to go on with what failed or was not reached: fleet runs resume " + x.record.id())
		}
		return
	case len(missed) == 0:
		return
	}
	if names := nodeset.Fold(missed); len(names) <= restMax {
		x.app.hint("to go on with the rest: -w '" + names + "'")
	}
}

package runner

import (
	"context"

	"fleet/event"
)

// revert waits for the verdict of the batch, and takes back what was done on
// the host where that is bad.
func (w *hostWalk) revert(ctx context.Context) {
	rollout := w.task.plan.Rollout
	if rollout == nil || !rollout.AutoRevert || len(w.task.plan.Revert) == 0 {
		return
	}
	w.moveTo(w.task.atVerdict())
	if err := w.await(ctx, w.batch.line.barrier(w.task.atVerdict())); err != nil {
		return // the run was stopped: what to do about it is for the user to say
	}
	if w.batch.verdict() == "" || !w.did {
		return
	}
	for _, s := range w.task.plan.Revert {
		if !w.walkStep(ctx, event.Revert, s) {
			break
		}
	}
	if w.end == nil {
		w.worsen(&event.Event{Outcome: event.Failed, Status: -1, Error: "reverted, because the batch failed"})
	}
}

// onFailure walks on_failure where the host failed, or was lost on the way.
func (w *hostWalk) onFailure(ctx context.Context, failed *event.Event) {
	if failed == nil || ctx.Err() != nil {
		return
	}
	switch failed.Outcome {
	case event.Failed, event.Timeout, event.Unknown:
	case event.Unreachable:
		if !w.did {
			return
		}
	default:
		return
	}
	for _, s := range w.task.plan.OnFailure {
		if !w.walkStep(ctx, event.OnFailure, s) {
			return
		}
	}
}

// always walks all of always, also after a step of it failed and when the run
// is stopped. What is done once comes when all hosts have ended.
func (w *hostWalk) always() {
	for _, s := range w.task.plan.Always {
		if !s.Once {
			w.walkStep(w.run.cleanup, event.Always, s)
		}
	}
	w.settle(w.run.cleanup)
}

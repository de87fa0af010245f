// Package runner walks work over hosts.
//
// # The model
//
// A run is a list of [Job] values, one for each host, and what they have in
// common. [Run] works on at most Fanout hosts at one time, each in a goroutine
// of an errgroup; a host's failure is a result and never touches another host.
// What happens is told to an event.Sink as it happens; what it comes to is the
// event.Summary that Run returns.
//
// [Apply] carries out the tasks of a plan. Its parts are nested as the work is:
//
//	planRun    the plan: tasks run as soon as those have ended that they depend on
//	taskRun    a task: its lock, its batches one after another, the budget of
//	           hosts that may fail, and what is done once for all hosts
//	batchRun   a batch: its hosts side by side, barriers, and the verdict
//	           on whether it is to be reverted
//	hostWalk   a host on its way: preconditions, steps, handlers,
//	           postconditions; then revert, on_failure and always
//	visit      a step for a host: whether there is anything to do, once, throttle
//	callRun    one action on one machine: memory, guards, attempts, the result
//
// Steps that copy files go over [transfer.Remote]: that of a host stays open from
// one step to the next (remotes), and a local file or tree is opened once, and read
// by all hosts together (lending).
//
// A host has one of the places for hosts at work, but never while it waits for
// others, for the user or for time to pass. That is why hosts that wait for each
// other come to an end, however few places there are.
//
// # Stopping
//
// A run is stopped by canceling its context with a [Stop] as the cause, which
// says why: the user, a limit, a full disk. No further host is started then, the
// transport stops what is running, and every host that had no turn is reported
// as not attempted: each selected host ends with exactly one outcome. In a run of
// tasks the hosts at work carry out their always steps before they end, for a minute
// at most, or until [Cleanup.GiveUp].
//
// # Ownership and concurrency
//
// Run and Apply return when every goroutine that they started has ended. The sink
// is called from many of them at one time.
package runner

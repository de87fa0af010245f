// Package tasks turns task files into plans whose steps bind late to a host.
//
// # The model
//
// [Load] reads the task blocks of the project that an inventory was loaded from,
// and reports everything that is wrong with them, whatever the hosts are: names
// that do not exist, a result that is asked for before the step has run, batches
// that never come to an end. [Set.Plan] chooses tasks with all that they depend
// on, selects their hosts, divides them into batches and works out how many may
// fail; it then makes every step for every host once, so that a mistake is found
// before the first packet is sent.
//
// What a [Step] says falls into two parts. Times, numbers, names and yes-or-no
// are the same for all hosts; they are fields. All else may be made from host,
// and from the results of earlier steps; it is kept as expressions, which a
// [Host] evaluates when its turn has come: [Host.Bind] makes a [Bound] with one
// [Call] for each thing to do.
//
// The names of steps and handlers are unique in a task, so that step.NAME means
// one of them. A step may ask for the results of those before it in the order
// steps, handlers, revert, on_failure, always.
//
// # Ownership and concurrency
//
// A Set and a Plan, with all that they hold, do not change once they are made
// and may be used by many goroutines; callers do not change them. [Plan.Resolve]
// is the exception: it comes before the first host is made. A Host is for one
// goroutine at a time; what its Bind returns may be shared with other hosts.
package tasks

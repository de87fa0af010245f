package tasks

import (
	"slices"

	"fleet/internal/lang"
	"fleet/inventory"
)

// Definitions are the blocks of task files. The decoder reads by them, and the
// reference page and the schema for editors are made from them.
func Definitions() []*lang.BlockDef { return []*lang.BlockDef{taskDef()} }

func taskDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "task", Labels: []string{"name"}, Many: true,
		Doc: "Steps that are carried out on hosts, in order. Names, hosts, times, numbers, tags and yes-or-no attributes are the same for every host; " +
			"all else in a step may be made from `host`, and from the results of earlier steps: `step.NAME.stdout`, `stderr`, `status`, `changed`, `failed`, `skipped`, `duration`; of a tunnel also `address` and `port`.",
		Attrs: []lang.AttrDef{
			{Name: "description", Type: "string", Doc: "What it is for."},
			{Name: "hosts", Type: "list(string)", Required: true, Doc: "A selection of hosts: `@web`, `@prod!web07`."},
			{Name: "depends_on", Type: "list(task)", Doc: "Tasks that come before it: `[task.build]`. Tasks that do not depend on each other may run side by side."},
			{Name: "lock", Type: "string", Doc: "A name. On each of its hosts one task that has it runs at a time, whoever started it.", Default: "no lock"},
			{Name: "strategy", Type: "string", Words: strategies(), Doc: "Whether each host of a batch goes on by itself, or all do a step before any does the next.", Default: "free"},
			{Name: "tags", Type: "list(string)", Doc: "Words for `--only` and `--skip`, for all of its steps."},
		},
		Blocks: []*lang.BlockDef{
			rolloutDef(),
			conditionDef("precondition", "What must be true on a host before the first step. It may refer to `host`. A host where it is false fails, and nothing is done on it."),
			stepDef(), handlerDef(),
			conditionDef("postcondition", "What must be true on a host after its steps and handlers. It may refer to `host` and `step`."),
			sectionDef("revert", "What takes the task back, on the hosts of a batch that used up the failures of a rollout with `auto_revert`: on those on which anything was done."),
			sectionDef("on_failure", "What is done on a host that failed."),
			sectionDef("always", "What is done at the end on every host that began, also on one that failed."),
		},
		Example: taskExample,
	}
}

func strategies() []string { return []string{"free", "linear"} }

func rolloutDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "rollout",
		Doc:  "In which batches the hosts have their turn, and when that ends early. Without it, all have it at once, as far as `--fanout` goes, and a host that fails stops no other.",
		Attrs: []lang.AttrDef{
			{Name: "canary", Type: "size", Doc: "The first batch. No other begins before it is known to be good.", Default: "none"},
			{Name: "max_parallel", Type: "size", Doc: "The size of each batch after that.", Default: "all hosts"},
			{Name: "batches", Type: "list(size)", Doc: "The sizes of the batches, in place of `max_parallel`; the last one is repeated: `[1, \"10%\", \"100%\"]`."},
			{Name: "max_failures", Type: "size", Doc: "How many hosts of the whole rollout may fail before no further batch begins. A share is rounded down.", Default: "0"},
			{Name: "max_unreachable", Type: "size", Doc: "How many may be unreachable; they are counted apart.", Default: "0"},
			{Name: "stagger", Type: "duration", Doc: "Time between two batches.", Default: "none"},
			{Name: "min_healthy_time", Type: "duration", Doc: "Time after a batch until it counts as good. Steps with `health = true` are then repeated on it.", Default: "none"},
			{Name: "auto_revert", Type: "bool", Doc: "Whether a batch that uses up the failures carries out `revert`.", Default: "false"},
			{Name: "auto_promote", Type: "bool", Doc: "Whether to go on after a good canary without a question.", Default: "true"},
		},
	}
}

func conditionDef(name, doc string) *lang.BlockDef {
	return &lang.BlockDef{
		Type: name, Many: true, Doc: doc,
		Attrs: []lang.AttrDef{
			{Name: "condition", Type: "bool", Doc: "What must be true.", Required: true},
			{Name: "error_message", Type: "string", Doc: "What to say where it is not.", Required: true},
		},
	}
}

func sectionDef(name, doc string) *lang.BlockDef {
	return &lang.BlockDef{Type: name, Doc: doc, Blocks: []*lang.BlockDef{stepDef()}}
}

func stepDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "step", Labels: []string{"name"}, Many: true,
		Doc: "One action: exactly one of `command`, `argv`, `script`, `copy`, `template`, `fetch`, `sync`, `wait`, `tunnel` and `flush`, and how to go about it. Names are unique in a task.",
		Attrs: slices.Concat(actionAttrs(), []lang.AttrDef{
			{Name: "flush", Type: "bool", Doc: "Whether handlers that were notified by now have their turn here. Such a step has nothing else but `tags`. Only in the steps of the task itself."},
		}, commonAttrs(), stepOnlyAttrs()),
		Blocks: stepBlocks(),
		Example: `step "version" {
  command = "cat /opt/app/VERSION"
  changed = false
}`,
	}
}

func handlerDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "handler", Labels: []string{"name"}, Many: true,
		Doc:    "A step that is carried out once on a host where a step that changed something notified it: after the steps of the task, or at `flush`. Handlers come in the order of definition.",
		Attrs:  slices.Concat(actionAttrs(), commonAttrs()),
		Blocks: stepBlocks(),
		Example: `handler "restart" {
  command = "systemctl restart app"
  become  = "root"
}`,
	}
}

// actionAttrs are what a step does; other actions are blocks.
func actionAttrs() []lang.AttrDef {
	return []lang.AttrDef{
		{Name: "command", Type: "string", Doc: "A line for the shell. Values from outside belong into `env`, or into `shellquote()`."},
		{Name: "argv", Type: "list(string)", Doc: "Program and arguments, exactly as they are."},
		{Name: "script", Type: "string", Doc: "A script, sent as a file: `file(\"unpack.sh\")`. Its `#!` line is followed."},
	}
}

// commonAttrs are those of every step and handler.
func commonAttrs() []lang.AttrDef {
	return []lang.AttrDef{
		{Name: "when", Type: "bool", Doc: "Whether it has anything to do.", Default: "true"},
		{Name: "for_each", Type: "any", Doc: "A list or set of texts, or an object: once for each, with `each.key` and `each.value`."},
		{Name: "on", Type: "string", Doc: "A selection of hosts on which it is carried out instead, for each host: `@lb`."},
		{Name: "local", Type: "bool", Doc: "Whether it is carried out on this machine instead.", Default: "false"},
		{Name: "once", Type: "bool", Doc: "Whether the first host that gets there does it for all. In `always`: one time, last.", Default: "false"},
		{Name: "env", Type: "map(string)", Doc: "Environment variables."},
		{Name: "cwd", Type: "string", Doc: "The folder it runs in.", Default: "the home folder"},
		{Name: "stdin", Type: "string", Doc: "Its standard input.", Default: "empty"},
		{Name: "become", Type: "string", Doc: "The user to run as.", Default: "what the connection says"},
		{Name: "creates", Type: "string", Doc: "A path: where it exists, there is nothing to do."},
		{Name: "removes", Type: "string", Doc: "A path: where it does not exist, there is nothing to do."},
		{Name: "unless", Type: "string", Doc: "A line for the shell that only reads: where it succeeds, there is nothing to do."},
		{Name: "only_if", Type: "string", Doc: "A line for the shell that only reads: where it fails, there is nothing to do."},
		{Name: "changed", Type: "bool", Doc: "Whether it changed something. It may refer to `self`, the result.", Default: "true; false for `wait` and `tunnel`; what differed, where files are copied"},
		{Name: "failed", Type: "bool", Doc: "Whether it failed. It may refer to `self`.", Default: "a status other than 0"},
		{Name: "ignore_errors", Type: "bool", Doc: "Whether the host goes on where it failed.", Default: "false"},
		{Name: "idempotent", Type: "bool", Doc: "Whether it may be sent again where nobody knows whether it ran.", Default: "false"},
		{Name: "throttle", Type: "number", Doc: "How many hosts may be at it at one time.", Default: "no bound"},
		{Name: "timeout", Type: "duration", Doc: "Time for each attempt.", Default: "none"},
		{Name: "idle_timeout", Type: "duration", Doc: "Time without output after which an attempt is stopped.", Default: "none"},
		{Name: "tags", Type: "list(string)", Doc: "Words for `--only` and `--skip`."},
	}
}

// stepOnlyAttrs are those of the steps of the task itself.
func stepOnlyAttrs() []lang.AttrDef {
	return []lang.AttrDef{
		{Name: "notify", Type: "list(string)", Doc: "Handlers to carry out later, where it changed something. Only in the steps of the task itself."},
		{Name: "barrier", Type: "bool", Doc: "Whether it begins on no host of the batch before all have come to it. Only in the steps of the task itself.", Default: "false"},
		{Name: "health", Type: "bool", Doc: "Whether it is repeated when `min_healthy_time` is over. Only in the steps of the task itself, and not with `notify`.", Default: "false"},
	}
}

func stepBlocks() []*lang.BlockDef {
	return append(fileDefs(), waitDef(), tunnelDef(), retryDef(),
		conditionDef("postcondition", "What must be true after a step, else it failed. It may refer to `self`, `host` and `step`."))
}

func waitDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "wait", Doc: "An action: wait for exactly one of `port`, `path` and `http`, as seen from the host.",
		Attrs: []lang.AttrDef{
			{Name: "port", Type: "number", Doc: "A TCP port that takes connections."},
			{Name: "host", Type: "string", Doc: "With `port`: where.", Default: "localhost"},
			{Name: "path", Type: "string", Doc: "A path that exists."},
			{Name: "http", Type: "string", Doc: "A URL that answers with a status from 200 to 399."},
			{Name: "timeout", Type: "duration", Doc: "How long to wait.", Default: "60s"},
			{Name: "delay", Type: "duration", Doc: "Time between two looks.", Default: "1s"},
		},
		Example: `step "listening" {
  wait {
    port    = host.vars.port
    timeout = "2m"
  }
}`,
	}
}

func tunnelDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "tunnel", Doc: "An action: open a tunnel from this machine, through the host, to where `to` says. It stays open until the task ends on the host, after `always`, " +
			"and is opened again when a run is resumed. `step.NAME.address` is where it listens, `step.NAME.port` the port alone.",
		Attrs: []lang.AttrDef{
			{Name: "to", Type: "string", Required: true, Doc: "Where connections go, as seen from the host: `\"localhost:5432\"`, or a socket's path."},
			{Name: "local", Type: "address", Doc: "Where this machine listens, for itself only.", Default: "0, any free port"},
			{Name: "on_down", Type: "string", Words: inventory.OnDownWords(), Doc: "What connections do while the host is away: wait for it, or fail.", Default: "wait"},
		},
		Example: `step "db" {
  tunnel {
    to = "localhost:5432"
  }
}
step "migrate" {
  local   = true
  env     = { PGHOST = "127.0.0.1", PGPORT = step.db.port }
  command = "./migrate up"
}`,
	}
}

func retryDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "retry", Doc: "Try again where it failed. What may still run, as after a lost link, is sent again only with `idempotent = true`.",
		Attrs: []lang.AttrDef{
			{Name: "attempts", Type: "number", Required: true, Doc: "How often it is tried at most."},
			{Name: "delay", Type: "duration", Doc: "Time before the second attempt.", Default: "1s"},
			{Name: "backoff", Type: "number", Doc: "Each further time is so many times the one before.", Default: "1"},
			{Name: "max_delay", Type: "duration", Doc: "The longest time between two attempts.", Default: "none"},
		},
	}
}

const taskExample = `task "deploy" {
  hosts = "@web"
  lock  = "deploy"
  rollout {
    canary       = 1
    max_parallel = "25%"
    max_failures = "5%"
    auto_revert  = true
  }
  step "drain" {
    on      = "@lb"
    env     = { BACKEND = host.name }
    command = "haproxyctl disable server app/$BACKEND"
  }
  step "upload" {
    copy {
      source      = "dist/app-${var.release}.tgz"
      destination = "/opt/app/releases/app-${var.release}.tgz"
    }
  }
  step "unpack" {
    env     = { RELEASE = var.release }
    script  = file("unpack.sh")
    creates = "/opt/app/releases/${var.release}"
    notify  = ["restart"]
  }
  step "restart_now" {
    flush = true
  }
  step "healthy" {
    command = "curl -fsS localhost:${host.vars.port}/health"
    retry {
      attempts = 12
      delay    = "5s"
    }
  }
  handler "restart" {
    command = "systemctl restart app"
    become  = "root"
  }
  revert {
    step "previous" {
      command = "/opt/app/bin/rollback"
    }
  }
  always {
    step "undrain" {
      on      = "@lb"
      command = "haproxyctl enable server app/${shellquote(host.name)}"
    }
  }
}`

package tasks

import "fleet/internal/lang"

// fileDefs are the actions that copy files.
func fileDefs() []*lang.BlockDef {
	return []*lang.BlockDef{copyDef(), templateDef(), fetchDef(), syncDef()}
}

// isFileAction reports whether a block of that type is an action that copies files.
func isFileAction(name string) bool {
	switch name {
	case "copy", "template", "fetch", "sync":
		return true
	}
	return false
}

func fileDef(name string) *lang.BlockDef {
	for _, def := range fileDefs() {
		if def.Type == name {
			return def
		}
	}
	return nil
}

// attributeAttrs say how a file is to be on the host.
func attributeAttrs(mode string) []lang.AttrDef {
	return []lang.AttrDef{
		{Name: "mode", Type: "string", Doc: mode + ", in three or four octal digits: `\"0644\"`.", Default: "as it is; of a new file as on this machine, but not writable for others"},
		{Name: "owner", Type: "string", Doc: "A user of the host, by name or number.", Default: "as it is"},
		{Name: "group", Type: "string", Doc: "A group of the host, by name or number.", Default: "as it is"},
	}
}

// placeAttrs say how a file takes its place.
func placeAttrs() []lang.AttrDef {
	return []lang.AttrDef{
		{Name: "backup", Type: "bool", Doc: "Whether a file that is replaced is kept, under its name and the time.", Default: "false"},
		{Name: "follow", Type: "bool", Doc: "Whether a destination that is a symbolic link is written through. Without it, that is an error.", Default: "false"},
		{Name: "validate", Type: "string", Doc: "A line for the shell with `%s`, the path of the new file, that has to succeed before it takes its place: `nginx -t -c %s`.", Default: "none"},
	}
}

const destinationDoc = "Where it goes: a path on the host. A relative one begins in the login folder, as `~/` does."

func copyDef() *lang.BlockDef {
	attrs := []lang.AttrDef{
		{Name: "source", Type: "string", Doc: "A file on this machine. A relative path begins in the folder of the file that it stands in."},
		{Name: "content", Type: "string", Doc: "In place of `source`: the text itself."},
		{Name: "destination", Type: "string", Required: true, Doc: destinationDoc + " With a `/` at its end it is a folder, in which the file keeps its name."},
	}
	return &lang.BlockDef{
		Type: "copy", Doc: "An action: make a file on the host what `source` or `content` is. It takes its place whole or not at all, and one that is right already is left alone.",
		Attrs: append(append(attrs, attributeAttrs("Its permissions")...), placeAttrs()...),
		Example: `step "upload" {
  copy {
    source      = "dist/app-${var.release}.tgz"
    destination = "/opt/app/releases/app-${var.release}.tgz"
    mode        = "0644"
  }
}`,
	}
}

func templateDef() *lang.BlockDef {
	attrs := []lang.AttrDef{
		{Name: "source", Type: "string", Required: true, Doc: "A template on this machine, as for `templatefile()`. A relative path begins in the folder of the file that it stands in."},
		{Name: "vars", Type: "map(any)", Doc: "What the template knows besides `host`, each by its own name.", Default: "none"},
		{Name: "destination", Type: "string", Required: true, Doc: destinationDoc},
	}
	return &lang.BlockDef{
		Type: "template", Doc: "An action: make a file on the host from a template. It takes its place as that of a `copy` does.",
		Attrs: append(append(attrs, attributeAttrs("Its permissions")...), placeAttrs()...),
		Example: `step "config" {
  template {
    source      = "app.conf.tmpl"
    destination = "/etc/app.conf"
    vars        = { port = host.vars.port }
    validate    = "appctl check-config %s"
    backup      = true
  }
  become = "root"
  notify = ["restart"]
}`,
	}
}

func fetchDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "fetch", Doc: "An action: take a file or a folder from the host.",
		Attrs: []lang.AttrDef{
			{Name: "source", Type: "string", Required: true, Doc: "A path on the host. A relative one begins in the login folder, as `~/` does. With a `/` at its end it is the content of a folder."},
			{
				Name: "destination", Type: "string", Required: true,
				Doc: "The path that it gets on this machine; with a `/` at its end, the folder in which it keeps its name. `{host}` is the name of the host that it comes from: each host needs a path of its own. " +
					"A relative path begins in the folder of the file that it stands in.",
			},
			{Name: "exclude", Type: "list(string)", Doc: "What to leave out of a folder, as in a `.gitignore`.", Default: "nothing"},
		},
		Example: `step "log" {
  fetch {
    source      = "/var/log/app.log"
    destination = "logs/{host}.log"
  }
}`,
	}
}

func syncDef() *lang.BlockDef {
	attrs := []lang.AttrDef{
		{
			Name: "source", Type: "string", Required: true,
			Doc: "A folder on this machine. With a `/` at its end its content goes into `destination`, without one the folder itself, as with rsync. " +
				"A relative path begins in the folder of the file that it stands in.",
		},
		{Name: "destination", Type: "string", Required: true, Doc: "A folder on the host, which is made where it is missing. A relative path begins in the login folder, as `~/` does."},
		{Name: "delete", Type: "bool", Doc: "Whether to delete what is in the destination and not in the source, but for what is excluded.", Default: "false"},
		{Name: "exclude", Type: "list(string)", Doc: "What to leave out, as in a `.gitignore`.", Default: "nothing"},
	}
	return &lang.BlockDef{
		Type: "sync", Doc: "An action: make a folder on the host what `source` is. Only what differs travels.",
		Attrs: append(attrs, attributeAttrs("The permissions of files")...),
		Example: `step "site" {
  sync {
    source      = "public/"
    destination = "/srv/www"
    delete      = true
    exclude     = ["*.map", ".git/"]
  }
}`,
	}
}

package tasks

import (
	"github.com/hashicorp/hcl/v2"

	"fleet/internal/lang"
)

// files decodes the block of a step that copies files.
func (t *taskDraft) files(s *stepDraft, b *hcl.Block) {
	def := t.def(b.Type, func() *lang.BlockDef { return fileDef(b.Type) })
	attrs, _ := t.content(b, def)
	constants := map[string]*bool{"backup": &s.late.backup, "follow": &s.late.follow, "delete": &s.late.deletes}
	for name, a := range attrs {
		if into := constants[name]; into != nil {
			read(t.decoder, a, parseBool, into)
			continue
		}
		s.late.attrs[b.Type+"."+name] = a.Expr
	}
	if b.Type != "copy" {
		return
	}
	switch source, content := attrs["source"], attrs["content"]; {
	case source == nil && content == nil:
		t.fail(b.DefRange, "Invalid copy", "A copy is made from source, a file on this machine, or from content, a text; this one has neither.")
	case source != nil && content != nil:
		t.fail(content.NameRange, "Invalid copy", "A copy is made from source, a file on this machine, or from content, a text; this one has both. Take one out.")
	}
}

// onlyFiles refuses what a step that copies files has no use for.
func (t *taskDraft) onlyFiles(s *stepDraft) {
	s.Idempotent = true
	says := map[string]string{
		"cwd":        "cwd is for commands and scripts; a " + s.Kind + " says where by its paths",
		"idempotent": "A " + s.Kind + " leaves alone what is right already, so it may be carried out again in any case",
	}
	for _, name := range []string{"env", "stdin"} {
		says[name] = name + " is for commands and scripts; a " + s.Kind + " runs none"
	}
	if s.Kind == "fetch" && s.Local {
		says["local"] = "local carries a step out on this machine, and a fetch takes files from a host. A copy with local = true copies on this machine"
	}
	for name, why := range says {
		if a := s.attrs[name]; a != nil {
			t.fail(a.NameRange, "Attribute not allowed here", "%s.", why)
		}
	}
}

package reference

import (
	"encoding/json"
	"strings"

	"fleet/internal/lang"
)

// object is a piece of JSON schema.
type object map[string]any

// Schema is the JSON schema (draft 2020-12) of *.fleet.json.
func Schema(defs []*lang.BlockDef) ([]byte, error) {
	w := &schemaWriter{defs: object{}, docs: map[string]string{}}
	root := object{}
	for _, def := range defs {
		w.block(root, def, "")
	}
	root["//"] = object{"description": "A comment."}
	out, err := json.MarshalIndent(object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "fleet project file (*.fleet.json)",
		"type":                 "object",
		"properties":           root,
		"additionalProperties": false,
		"$defs":                w.defs,
	}, "", "  ")
	return append(out, '\n'), err
}

// A schemaWriter collects the schemas of bodies under the names of their blocks.
type schemaWriter struct {
	defs object
	docs map[string]string // of those in defs
}

// block adds the property for a block to properties, which are those of parent.
func (w *schemaWriter) block(properties object, def *lang.BlockDef, parent string) {
	name := def.Type
	if def.Kind != "" {
		name += "_" + def.Kind
	}
	if doc, taken := w.docs[name]; taken && doc != def.Doc { // it means something else there
		name = parent + "_" + name
	}
	if w.defs[name] == nil {
		w.docs[name] = def.Doc
		w.defs[name] = object{} // the name is taken, should the block be in itself
		w.defs[name] = w.body(def)
	}
	s := oneOrMany(object{"$ref": "#/$defs/" + name})
	for range def.Labels {
		s = oneOrMany(object{"type": "object", "additionalProperties": s})
	}
	if def.Kind == "" {
		properties[def.Type] = s
		return
	}
	kinds, ok := properties[def.Type].(object)
	if !ok {
		kinds = object{"type": "object", "properties": object{}, "additionalProperties": false}
		properties[def.Type] = kinds
	}
	kinds["properties"].(object)[def.Kind] = s
}

// body is the schema of what is inside of a block.
func (w *schemaWriter) body(def *lang.BlockDef) object {
	properties := object{"//": object{"description": "A comment."}}
	var required []string
	for i := range def.Attrs {
		a := &def.Attrs[i]
		properties[a.Name] = attribute(a)
		if a.Required {
			required = append(required, a.Name)
		}
	}
	for _, inner := range def.Blocks {
		w.block(properties, inner, def.Type)
	}
	s := object{"type": "object", "description": plain(def.Doc), "properties": properties, "additionalProperties": def.Any}
	if required != nil {
		s["required"] = required
	}
	return s
}

// attribute is the schema of a value. Every text may be a template that comes
// to a value of another type.
func attribute(a *lang.AttrDef) object {
	doc := plain(about(a))
	template := object{"type": "string", "pattern": `\$\{`}
	switch {
	case a.Words != nil:
		return object{"description": doc, "anyOf": []object{{"enum": append([]any{nil}, words(a.Words)...)}, template}}
	case a.Type == "string" || a.Type == "duration" || a.Type == "type":
		return object{"description": doc, "type": []string{"string", "null"}}
	case a.Type == "number" || a.Type == "bool":
		name := strings.Replace(a.Type, "bool", "boolean", 1)
		return object{"description": doc, "type": []string{name, "string", "null"}}
	case a.Type == "size" || a.Type == "address":
		return object{"description": doc, "type": []string{"number", "string", "null"}}
	case a.Type == "list(size)":
		return object{"description": doc, "type": []string{"array", "string", "null"}, "items": object{"type": []string{"number", "string"}}}
	case strings.HasPrefix(a.Type, "list("):
		return object{"description": doc, "type": []string{"array", "string", "null"}, "items": object{"type": "string"}}
	case strings.HasPrefix(a.Type, "map("):
		return object{"description": doc, "type": []string{"object", "string", "null"}}
	default:
		return object{"description": doc}
	}
}

func words(list []string) []any {
	out := make([]any, len(list))
	for i, w := range list {
		out[i] = w
	}
	return out
}

// oneOrMany allows a list, as the JSON syntax of HCL does for blocks.
func oneOrMany(s object) object {
	return object{"anyOf": []object{s, {"type": "array", "items": s}}}
}

// plain takes the marks of Markdown out of a text.
func plain(s string) string { return strings.NewReplacer("`", "", "**", "").Replace(s) }

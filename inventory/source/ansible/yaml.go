package ansible

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"fleet/inventory/source"
)

// maxMarks bounds what could become a node of a YAML file. A node takes some 200
// bytes, so the tree has to be bounded before it grows.
const maxMarks = 400_000

// compose reads a YAML or JSON file into a tree. Aliases stay what they are, so
// the tree is no larger than the file. An empty file is nil.
func compose(name string, text []byte) (*yaml.Node, *source.Problem) {
	at := source.Place{File: name}
	if marks(text) > maxMarks {
		return nil, &source.Problem{At: at, Summary: "Inventory too large", Detail: fmt.Sprintf("A YAML file may have about %d entries. An inventory in INI, or several files, may hold more.", maxMarks)}
	}
	if first := bytes.TrimSpace(text); len(first) > 0 && first[0] == '{' && json.Valid(text) {
		return composeJSON(name, text)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, invalidYAML(at, err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		at.Line = more.Line
		return nil, invalidYAML(at, errors.New("it holds more than one document"))
	case !errors.Is(err, io.EOF):
		return nil, invalidYAML(at, err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Value == "" {
		return nil, nil
	}
	return root, nil
}

// marks is an upper bound for the nodes of a text: each but the first comes
// after a line break or one of the signs that separate. A comma or a brace
// within a sentence counts as well, which is why the bound is generous.
func marks(text []byte) int {
	n := 0
	for i, c := range text {
		switch c {
		case '\n', '\r', ',', '[', '{':
			n++
		case ':', '-', '?':
			if i+1 == len(text) || bytes.IndexByte([]byte(" \t\r\n[{\"'"), text[i+1]) >= 0 {
				n++
			}
		}
	}
	return n
}

// invalidYAML makes a problem of what the parser says, in which a line may
// stand: "yaml: line 3: ...".
func invalidYAML(at source.Place, err error) *source.Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, text)
	return &source.Problem{At: at, Summary: "Invalid YAML", Detail: "The file cannot be read: " + shorten(text) + "."}
}

// A jsonReader makes the tree of a JSON file, which Ansible does not read as
// YAML: tabs and some escapes differ.
type jsonReader struct {
	dec  *json.Decoder
	text []byte
	seen int // of text, for the line
	line int
}

func composeJSON(name string, text []byte) (*yaml.Node, *source.Problem) {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(text)), text: text, line: 1}
	r.dec.UseNumber()
	node, err := r.value(0)
	if err != nil {
		return nil, invalidYAML(source.Place{File: name, Line: r.line}, err)
	}
	return node, nil
}

func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("it nests more than %d deep", maxNesting)
	}
	tok, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	end := int(r.dec.InputOffset())
	r.line += bytes.Count(r.text[r.seen:end], []byte("\n"))
	r.seen = end
	n := &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.TaggedStyle, Line: r.line}
	switch tok := tok.(type) {
	case json.Delim:
		n.Kind, n.Style = yaml.SequenceNode, 0
		if tok == '{' {
			n.Kind = yaml.MappingNode
		}
		for r.dec.More() { // keys are strings, which value reads too
			child, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		_, err := r.dec.Token()
		return n, err
	case string:
		n.Tag, n.Value = "!!str", tok
	case json.Number:
		n.Tag, n.Value = "!!int", tok.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(tok)
	default:
		n.Tag = "!!null"
	}
	return n, nil
}

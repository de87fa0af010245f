package lang

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
)

// The endings of project files.
const (
	NativeSuffix = ".fleet.hcl"
	JSONSuffix   = ".fleet.json"
)

// A Project is the parsed files of all given paths.
type Project struct {
	files   []*hcl.File
	sources map[string]*hcl.File // by the name in ranges; also files of values
	folders []string
	size    int // bytes of all sources

	variables hcl.Blocks
	locals    hcl.Blocks
}

// Parse reads the files and folders as one project. Of a folder, the files
// ending in .fleet.hcl and .fleet.json are read, in the order of their names.
// The Project is never nil; with errors, it holds what could be read.
func Parse(paths []string) (*Project, hcl.Diagnostics) {
	p := &Project{sources: map[string]*hcl.File{}}
	var all hcl.Diagnostics
	for _, path := range paths {
		all = append(all, p.addPath(path)...)
	}
	return p, all
}

func (p *Project) addPath(path string) hcl.Diagnostics {
	info, err := os.Stat(path)
	if err != nil {
		return hcl.Diagnostics{cannotRead(path, err)}
	}
	if !info.IsDir() {
		p.addFolder(filepath.Dir(path))
		return p.addFile(path)
	}
	p.addFolder(path)
	entries, err := os.ReadDir(path)
	if err != nil {
		return hcl.Diagnostics{cannotRead(path, err)}
	}
	var all hcl.Diagnostics
	found := false
	for _, e := range entries { // sorted by name
		if e.IsDir() || !isProjectFile(e.Name()) {
			continue
		}
		found = true
		all = append(all, p.addFile(filepath.Join(path, e.Name()))...)
	}
	if !found {
		all = append(all, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "No project files",
			Detail:   fmt.Sprintf("The folder %q has no file that ends in %s or %s.", path, NativeSuffix, JSONSuffix),
		})
	}
	return all
}

func isProjectFile(name string) bool {
	return !strings.HasPrefix(name, ".") &&
		(strings.HasSuffix(name, NativeSuffix) || strings.HasSuffix(name, JSONSuffix))
}

func (p *Project) addFolder(dir string) {
	if !slices.Contains(p.folders, dir) {
		p.folders = append(p.folders, dir)
	}
}

// addFile reads and parses one project file; the second time it does nothing.
func (p *Project) addFile(path string) hcl.Diagnostics {
	path = filepath.Clean(path)
	if p.sources[path] != nil {
		return nil
	}
	f, diags := p.parseFile(path)
	if f != nil {
		p.files = append(p.files, f)
	}
	return diags
}

// parseFile reads and parses any file, and keeps its source for diagnostics. The
// file is nil when it could not be parsed safely.
func (p *Project) parseFile(path string) (*hcl.File, hcl.Diagnostics) {
	src, err := readBounded(path)
	if err != nil {
		return nil, hcl.Diagnostics{cannotRead(path, err)}
	}
	return p.parseSource(path, src)
}

func (p *Project) parseSource(path string, src []byte) (*hcl.File, hcl.Diagnostics) {
	p.sources[path] = &hcl.File{Bytes: src}
	p.size += len(src)
	if bytes.HasPrefix(src, []byte("-----BEGIN ")) {
		return nil, hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Not a project file",
			Detail:   fmt.Sprintf("%q is a private key. The flag for a key is --identity; -i is for inventories.", path),
		}}
	}
	if strings.HasSuffix(path, ".json") {
		return p.parseJSON(path, src)
	}
	if diags := measureSource(src, path, hcl.InitialPos, configMode); diags.HasErrors() {
		return nil, diags
	}
	f, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if f == nil {
		return nil, diags
	}
	p.sources[path] = f
	if body, ok := f.Body.(*hclsyntax.Body); ok {
		guardBody(body)
	}
	return f, diags
}

func (p *Project) parseJSON(path string, src []byte) (*hcl.File, hcl.Diagnostics) {
	if diags := measureJSON(src, path); diags.HasErrors() {
		return nil, diags
	}
	f, diags := json.Parse(src, path)
	if f == nil || diags.HasErrors() {
		return nil, diags
	}
	p.sources[path] = f
	return f, diags
}

// readBounded reads path, a little beyond the size that is accepted.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return io.ReadAll(io.LimitReader(f, maxFileSize+1))
}

func cannotRead(path string, err error) *hcl.Diagnostic {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cannot read file",
		Detail:   fmt.Sprintf("Reading %q failed: %s.", path, err),
	}
}

// Decode checks the top level of every file against the block types of the
// caller, besides variable and locals, which are kept for NewScope. It returns
// the blocks in the order of files and lines.
func (p *Project) Decode(types ...hcl.BlockHeaderSchema) (hcl.Blocks, hcl.Diagnostics) {
	schema := &hcl.BodySchema{Blocks: append([]hcl.BlockHeaderSchema{
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "locals"},
	}, types...)}
	var all hcl.Diagnostics
	var out hcl.Blocks
	for _, f := range p.files {
		content, diags := p.Content(f.Body, schema)
		all = append(all, diags...)
		for _, b := range content.Blocks {
			switch b.Type {
			case "variable":
				p.variables = append(p.variables, b)
			case "locals":
				p.locals = append(p.locals, b)
			default:
				out = append(out, b)
			}
		}
	}
	return out, all
}

// Content is body.Content with the summaries of this language.
func (p *Project) Content(body hcl.Body, schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
	content, diags := body.Content(schema)
	for _, d := range diags {
		switch d.Summary {
		case "Unsupported block type":
			d.Summary = "Unknown block"
		case "Unsupported argument", "Extraneous JSON object property":
			d.Summary = "Unknown attribute"
			d.Detail = strings.Replace(d.Detail, "An argument", "An attribute", 1)
		}
	}
	return content, diags
}

// Text is the source at r, without quotes; empty when the file is not known.
func (p *Project) Text(r hcl.Range) string {
	f := p.sources[r.Filename]
	if f == nil || r.Start.Byte > r.End.Byte || r.End.Byte > len(f.Bytes) {
		return ""
	}
	return strings.Trim(string(f.Bytes[r.Start.Byte:r.End.Byte]), `"`)
}

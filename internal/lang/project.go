package lang

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"golang.org/x/sync/errgroup"
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
	reads   reads

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
		return p.addFiles(path)
	}
	p.addFolder(path)
	entries, err := os.ReadDir(path)
	if err != nil {
		return hcl.Diagnostics{cannotRead(path, err)}
	}
	var files []string
	var odd hcl.Diagnostics
	for _, e := range entries { // sorted by name
		if e.IsDir() || !isProjectFile(e.Name()) {
			continue
		}
		name := filepath.Join(path, e.Name())
		if d := refuseOdd(name); d != nil {
			odd = append(odd, d)
			continue
		}
		files = append(files, name)
	}
	if len(odd) > 0 {
		return append(odd, p.addFiles(files...)...)
	}
	if len(files) == 0 {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "No project files",
			Detail:   fmt.Sprintf("The folder %q has no file that ends in %s or %s.", path, NativeSuffix, JSONSuffix),
		}}
	}
	return p.addFiles(files...)
}

func isProjectFile(name string) bool {
	return !strings.HasPrefix(name, ".") &&
		(strings.HasSuffix(name, NativeSuffix) || strings.HasSuffix(name, JSONSuffix))
}

// refuseOdd says of what a folder holds under the name of a file that it is none:
// a pipe may never end, and reading a device may do something. One that the user
// names is read: it may be the output of a command.
func refuseOdd(path string) *hcl.Diagnostic {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil // what cannot be looked at is said where it is read
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cannot read file",
		Detail:   fmt.Sprintf("%q is not a regular file. Take it out of the folder, or give it another name.", path),
	}
}

func (p *Project) addFolder(dir string) {
	if !slices.Contains(p.folders, dir) {
		p.folders = append(p.folders, dir)
	}
}

// addFiles reads and parses project files, as many at a time as there are
// processors; a file that was read before is left alone.
func (p *Project) addFiles(paths ...string) hcl.Diagnostics {
	var fresh []string
	for _, path := range paths {
		if path = filepath.Clean(path); p.sources[path] == nil {
			fresh = append(fresh, path)
		}
	}
	read := make([]parsedFile, len(fresh))
	var readers errgroup.Group
	readers.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range fresh {
		readers.Go(func() error {
			read[i] = readFile(path)
			return nil
		})
	}
	_ = readers.Wait() // no reader fails: what is wrong stands in read
	var all hcl.Diagnostics
	for i, path := range fresh {
		f, diags := p.keep(path, read[i])
		if f != nil {
			p.files = append(p.files, f)
		}
		all = append(all, diags...)
	}
	return all
}

// A parsedFile is what came of reading a file.
type parsedFile struct {
	source *hcl.File // for diagnostics; nil when it could not be read
	file   *hcl.File // nil when it could not be parsed safely
	diags  hcl.Diagnostics

	quoting hcl.Diagnostics // of hcl, which may quote the source
}

// keep keeps the source of a file for diagnostics.
func (p *Project) keep(path string, f parsedFile) (*hcl.File, hcl.Diagnostics) {
	if f.source != nil {
		p.sources[path] = f.source
		p.size += len(f.source.Bytes)
	}
	return f.file, append(f.diags, f.quoting...)
}

func (p *Project) parseSource(path string, src []byte) (*hcl.File, hcl.Diagnostics) {
	return p.keep(path, parseSource(path, src))
}

func readFile(path string) parsedFile {
	src, err := readBounded(path)
	if err != nil {
		return parsedFile{diags: hcl.Diagnostics{cannotRead(path, err)}}
	}
	return parseSource(path, src)
}

func parseSource(path string, src []byte) parsedFile {
	out := parsedFile{source: &hcl.File{Bytes: src}}
	if d := refuseContent(src, path); d != nil {
		out.diags = hcl.Diagnostics{d}
		return out
	}
	measure, parse := measureJSON, json.Parse
	native := !strings.HasSuffix(path, ".json")
	if native {
		measure, parse = measureConfig, parseConfig
	}
	if out.diags = measure(src, path); out.diags.HasErrors() {
		return out
	}
	f, diags := parse(src, path)
	out.quoting = onlyFirst(diags)
	if f == nil || !native && diags.HasErrors() {
		return out
	}
	out.file, out.source = f, f
	if body, ok := f.Body.(*hclsyntax.Body); ok {
		guardBody(body)
	}
	return out
}

func measureConfig(src []byte, path string) hcl.Diagnostics {
	return measureSource(src, path, hcl.InitialPos, configMode)
}

func parseConfig(src []byte, path string) (*hcl.File, hcl.Diagnostics) {
	return hclsyntax.ParseConfig(src, path, hcl.InitialPos)
}

// readBounded reads path, a little beyond the size that is accepted.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return io.ReadAll(io.LimitReader(f, MaxFileSize+1))
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
		variableDef().Header(),
		localsDef().Header(),
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
func (p *Project) Text(r hcl.Range) string { return strings.Trim(p.Source(r), `"`) }

// Source is the source at r as it stands there; empty when the file is not known.
func (p *Project) Source(r hcl.Range) string {
	f := p.sources[r.Filename]
	if f == nil || r.Start.Byte > r.End.Byte || r.End.Byte > len(f.Bytes) {
		return ""
	}
	return string(f.Bytes[r.Start.Byte:r.End.Byte])
}

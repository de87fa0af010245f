package ansible

import (
	"bytes"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"fleet/inventory/source"
)

// file reads one inventory file.
func (l *loader) file(name string, inFolder bool) {
	if text, ok := l.read(name); ok {
		l.content(name, text, inFolder)
	}
}

// content reads the text of a file. Ansible tries one format after the other;
// here, what a file is shows in its name and its beginning.
func (l *loader) content(name string, text []byte, inFolder bool) {
	at := source.Place{File: name}
	switch ext := filepath.Ext(name); {
	case program(text):
		l.refuse(at, inFolder, "Program in an inventory", "It is a program, which is not run here. To use what it prints: source \"exec\" with command = [%q, \"--list\"].", filepath.Base(name))
	case vaulted(text):
		l.refuse(at, inFolder, "Encrypted inventory", "It is encrypted by ansible-vault, and its hosts cannot be read.")
	case ext == ".toml":
		l.refuse(at, inFolder, "Inventory in TOML", "Inventories in INI and in YAML can be read. ansible-inventory --list --yaml prints this one as YAML.")
	case ext == ".yml" || ext == ".yaml" || ext == ".json":
		l.yaml(name, text, inFolder)
	case ext == "" && !bytes.HasPrefix(firstLine(text), []byte("[")):
		l.eitherFormat(name, text, inFolder)
	default:
		l.ini(name, text)
	}
}

// refuse says that a file is not used: an error if it was asked for by name, a
// warning if it lies in a folder with others.
func (l *loader) refuse(at source.Place, inFolder bool, summary, format string, args ...any) {
	if inFolder {
		l.warn(at, summary, format, args...)
		return
	}
	l.fail(at, summary, format, args...)
}

// program reports whether a file is to be run. A text that somebody made
// executable by mistake is not: Ansible cannot run it either, and reads it.
func program(text []byte) bool {
	return bytes.HasPrefix(text, []byte("#!")) || bytes.IndexByte(text[:min(len(text), 512)], 0) >= 0
}

func vaulted(text []byte) bool { return bytes.HasPrefix(text, []byte("$ANSIBLE_VAULT")) }

// eitherFormat reads a file whose name says nothing: it is YAML if it is a
// mapping in YAML, else INI. The problems of a YAML file that is broken should
// not be those of INI, so its looks count too.
func (l *loader) eitherFormat(name string, text []byte, inFolder bool) {
	root, problem := compose(name, text)
	first := firstLine(text)
	looks := bytes.Equal(first, []byte("---")) || bytes.HasPrefix(first, []byte("{")) || bytes.HasSuffix(first, []byte(":"))
	switch {
	case problem == nil && root != nil && root.Kind == yaml.MappingNode:
		l.yamlInventory(name, root, inFolder)
	case problem != nil && looks:
		l.problem(*problem)
	default:
		l.ini(name, text)
	}
}

// firstLine is the first line that is neither empty nor a comment.
func firstLine(text []byte) []byte {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && line[0] != ';' {
			return line
		}
	}
	return nil
}

// read reads a file whole, within bounds. It reads no devices or pipes, which
// need not end.
func (l *loader) read(name string) ([]byte, bool) {
	at := source.Place{File: name}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		l.fail(at, "Unreadable inventory", "%s.", reason(err))
		return nil, false
	case !info.Mode().IsRegular():
		l.fail(at, "Unreadable inventory", "It is neither a file nor a folder.")
		return nil, false
	}
	f, err := os.Open(name)
	if err != nil {
		l.fail(at, "Unreadable inventory", "%s.", reason(err))
		return nil, false
	}
	defer f.Close()
	text := make([]byte, 0, min(info.Size(), maxFileSize)+1)
	buf := bytes.NewBuffer(text)
	_, err = io.Copy(buf, io.LimitReader(f, maxFileSize+1))
	switch {
	case err != nil:
		l.fail(at, "Unreadable inventory", "%s.", reason(err))
		return nil, false
	case buf.Len() > maxFileSize:
		l.fail(at, "Inventory too large", "A file may have %d MiB.", maxFileSize>>20)
		return nil, false
	}
	if l.bytes += buf.Len(); l.bytes > maxTotalSize {
		l.fail(at, "Inventory too large", "All files of an inventory together may have %d MiB.", maxTotalSize>>20)
		return nil, false
	}
	return bytes.TrimPrefix(buf.Bytes(), []byte("\ufeff")), true
}

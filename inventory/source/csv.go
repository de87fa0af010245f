package source

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// CSV reads hosts from a table with a header line: columns are separated by
// commas and may be quoted, as in RFC 4180. The options say which column is the
// name, the address and the groups, which are separated by semicolons or spaces,
// and which are labels. The others become variables, as texts.
func CSV(ctx context.Context, o TableOptions) *Data {
	text, err := readFile(ctx, o.Path)
	if err != nil {
		return unreadable(o.Path, err)
	}
	return parseCSV(text, o)
}

func parseCSV(text []byte, asked TableOptions) *Data {
	o := asked.withDefaults()
	b := newBuilder()
	text = withoutBOM(text)
	if bad := invalidUTF8(text); bad >= 0 {
		b.fail(Place{o.Path, 1 + bytes.Count(text[:bad], []byte("\n"))}, "Invalid CSV", "The file cannot be used: it is not UTF-8. Save it as UTF-8.")
		return b.done()
	}
	if line, what := tooLarge(text); line > 0 {
		b.fail(Place{o.Path, line}, "Invalid CSV", "The file cannot be used: %s.", what)
		return b.done()
	}
	t := &csvTable{builder: b, options: o, asked: append([]string{o.Name, asked.Address, asked.Groups}, asked.Labels...), reader: csv.NewReader(bytes.NewReader(text))}
	t.reader.ReuseRecord = true
	t.read()
	return b.done()
}

// withoutBOM takes off the mark that some programs put before UTF-8.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// What a table may have, before memory is spent on it: a cell that becomes a
// variable takes half a kilobyte.
const (
	maxColumns = 10_000
	maxCells   = 400_000
)

// tooLarge finds the line on which a table gets too large, and says how; 0 is
// none. It looks at commas outside quotes only.
func tooLarge(text []byte) (line int, what string) {
	columns, cells, quoted := 1, 0, false
	line = 1
	for _, c := range text {
		switch {
		case c == '\n':
			line++
			if !quoted {
				columns = 1
				cells++
			}
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			columns++
			cells++
		}
		if columns > maxColumns {
			return line, fmt.Sprintf("a line has more than %d columns", maxColumns)
		}
		if cells > maxCells {
			return line, fmt.Sprintf("it has more than %d cells", maxCells)
		}
	}
	return 0, ""
}

type csvTable struct {
	*builder
	options TableOptions
	asked   []string // columns that must be there; empty ones need not
	reader  *csv.Reader
	header  []string
}

func (t *csvTable) read() {
	for !t.full() {
		record, err := t.reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !t.survives(err) {
			return
		}
		if err != nil {
			continue
		}
		line, _ := t.reader.FieldPos(0)
		at := Place{t.options.Path, line}
		if t.header == nil {
			if !t.columns(record, at) {
				return
			}
			continue
		}
		t.record(record, at)
	}
	if t.header == nil {
		t.fail(Place{File: t.options.Path}, "Invalid CSV", "The file is empty; its first line must name the columns.")
	}
}

// survives reports an error in a line, and whether the next one can be read.
func (t *csvTable) survives(err error) bool {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		t.fail(Place{File: t.options.Path}, "Invalid CSV", "The file cannot be used: %s.", err)
		return false
	}
	at := Place{t.options.Path, parse.StartLine}
	if errors.Is(err, csv.ErrFieldCount) {
		t.fail(at, "Invalid CSV", "The line has not as many columns as the first line, which has %d.", len(t.header))
		return true
	}
	t.fail(at, "Invalid CSV", "The line cannot be used: %s.", parse.Err)
	return false
}

// columns takes the header.
func (t *csvTable) columns(record []string, at Place) bool {
	for _, c := range record {
		c = strings.TrimSpace(c)
		if c == "" || slices.Contains(t.header, c) {
			t.fail(at, "Invalid CSV", "Each column needs a name of its own; %q is empty or there twice.", clean(c, 60))
			return false
		}
		t.header = append(t.header, c)
	}
	for _, want := range t.asked {
		if want != "" && !slices.Contains(t.header, want) {
			t.fail(at, "Missing column", "There is no column %q. The columns are %s.", want, clean(strings.Join(t.header, ", "), 200))
		}
	}
	return !t.failed()
}

func (t *csvTable) record(record []string, at Place) {
	name := strings.TrimSpace(record[slices.Index(t.header, t.options.Name)])
	h := t.host(name, at)
	if h == nil {
		return
	}
	for i, column := range t.header {
		t.cell(h, column, strings.Clone(strings.TrimSpace(record[i])), t.options, at)
	}
	if i := slices.Index(t.header, t.options.Groups); i >= 0 {
		t.joinAll(h.Name, splitGroups(record[i]), at)
	}
}

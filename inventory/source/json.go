package source

import "context"

// JSON reads hosts from a JSON file: a list of objects or of names, or an object
// with an object for each name. An object has the name of the host, its address
// and its groups, as the options say; its "labels" and "vars" are objects, and
// whatever else it has becomes variables.
func JSON(ctx context.Context, o TableOptions) *Data {
	text, err := readFile(ctx, o.Path)
	if err != nil {
		return unreadable(o.Path, err)
	}
	return parseTable(text, o)
}

func parseTable(text []byte, o TableOptions) *Data {
	b := newBuilder()
	if tree, err := parseJSON(withoutBOM(text)); err != nil {
		b.fail(Place{o.Path, err.line}, "Invalid JSON", "The file cannot be used: %s.", err)
	} else {
		b.rows(tree, o.Path, o)
	}
	return b.done()
}

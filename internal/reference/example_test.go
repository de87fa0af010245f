package reference_test

import (
	"fmt"
	"strings"

	"fleet/internal/lang"
	"fleet/internal/reference"
)

func ExamplePage() {
	page := string(reference.Page([]*lang.BlockDef{{
		Type: "lamp", Labels: []string{"name"}, Doc: "Something that shines.",
		Attrs: []lang.AttrDef{{Name: "watts", Type: "number", Doc: "How brightly.", Default: "5"}},
	}}))
	fmt.Print(page[strings.Index(page, "## lamp"):])
	// Output:
	// ## lamp "NAME"
	//
	// Something that shines.
	//
	// | attribute | type | what it says |
	// |---|---|---|
	// | `watts` | number | How brightly. Default: 5. |
}

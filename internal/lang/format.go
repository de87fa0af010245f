package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format writes a file in native syntax in its one form, for `fleet fmt`. A file
// that cannot be parsed is returned as it is, with the reason.
func Format(src []byte, filename string) ([]byte, Diagnostics) {
	p := &Project{sources: map[string]*hcl.File{filename: {Bytes: src}}}
	if d := refuseContent(src, filename); d != nil {
		return src, p.Diagnostics(hcl.Diagnostics{d})
	}
	if diags := measureSource(src, filename, hcl.InitialPos, configMode); diags.HasErrors() {
		return src, p.Diagnostics(diags)
	}
	if _, diags := hclsyntax.ParseConfig(src, filename, hcl.InitialPos); diags.HasErrors() {
		return src, p.Diagnostics(onlyFirst(diags))
	}
	return hclwrite.Format(src), nil
}

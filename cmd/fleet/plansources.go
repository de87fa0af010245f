package main

import (
	"context"
	"encoding/hex"
	"strings"

	"fleet/pool/transfer"
	"fleet/tasks"
)

// sourceSums are the SHA-256 of what the plan copies from this machine, by names
// that are shown. They are taken once: it may be much.
func (p *program) sourceSums(ctx context.Context) map[string]string {
	if p.sums == nil {
		p.sums = map[string]string{}
		for _, s := range p.plan.Sources() {
			p.sums[sourceName(&s)] = sourceSum(ctx, &s)
		}
	}
	return p.sums
}

// sourceName tells a folder that is copied without some of it from the whole.
func sourceName(s *tasks.Source) string {
	if !s.Folder {
		return s.Path
	}
	name := s.Path + "/"
	if len(s.Exclude) > 0 {
		name += " without " + strings.Join(s.Exclude, ", ")
	}
	return name
}

// sourceSum is the SHA-256 of a file, or of all that is sent of a folder; "" where
// it cannot be read.
func sourceSum(ctx context.Context, s *tasks.Source) string {
	if !s.Folder {
		return fileSum(ctx, s.Path)
	}
	tree, err := transfer.OpenTree(s.Path, s.Exclude)
	if err != nil {
		return "" // told when its turn has come
	}
	sum, err := tree.Sum(ctx)
	_ = tree.Close() // only read
	if err != nil {
		return ""
	}
	return hex.EncodeToString(sum[:])
}

package lang

import (
	"sync"

	"github.com/zclconf/go-cty/cty/function"
)

// A table is all functions, by name. They are made once and used by one
// evaluation at a time; what they need to know of it, they find in scope.
type table struct {
	functions map[string]function.Function
	scope     *Scope
}

func newTable() *table {
	t := &table{}
	t.functions = functions(t)
	return t
}

// tables lends tables to evaluations. A scope for each of 10,000 hosts can thus
// have its own budget without functions of its own.
type tables struct {
	pool      sync.Pool
	templates templates
	prepared  sync.Map // by expression: its native form, checked for a scope of a host
}

func newTables() *tables {
	return &tables{pool: sync.Pool{New: func() any { return newTable() }}}
}

func (ts *tables) take(s *Scope) *table {
	t := ts.pool.Get().(*table)
	t.scope = s
	return t
}

func (ts *tables) put(t *table) {
	t.scope = nil
	ts.pool.Put(t)
}

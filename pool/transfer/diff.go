package transfer

// Unified is the diff in the usual form, with three lines around each change; one
// line that says why, where the contents are omitted.
func (d *Diff) Unified() string { return "" }

package inventory

// Inputs are the files that have been read by now, with the SHA-256 of what was
// in them, in hexadecimal: those of the project, of values for variables, and what
// functions such as file have read.
func (inv *Inventory) Inputs() map[string]string { return inv.project.Inputs() }

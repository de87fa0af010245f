package inventory

// Inputs are what has been read by now; see lang.Project.Inputs.
func (inv *Inventory) Inputs() map[string]string { return inv.project.Inputs() }

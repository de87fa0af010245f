package main

import (
	"os"
	"path/filepath"
	"strings"

	"fleet/internal/lang"
)

// inventoryPaths says where hosts come from: -i, else FLEET_INVENTORY, a list as
// PATH is one, else the working directory where it has project files. Without
// any of them there is no inventory.
func (a *app) inventoryPaths(f *selectionFlags) ([]string, error) {
	if len(f.inventories) > 0 {
		return f.inventories, nil
	}
	if list := a.env.value("FLEET_INVENTORY"); list != "" {
		return filepath.SplitList(list), nil
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() && (strings.HasSuffix(name, lang.NativeSuffix) || strings.HasSuffix(name, lang.JSONSuffix)) {
			return []string{"."}, nil
		}
	}
	return nil, nil
}

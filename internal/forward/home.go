package forward

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// atHome puts the home folder in the place of "~" in the paths of this machine.
func (r Rule) atHome() (Rule, error) {
	near := &r.To
	if r.Kind.ListensHere() {
		near = &r.Listen
	}
	if !near.IsUnix() || !strings.HasPrefix(near.Address, "~") {
		return r, nil
	}
	rest, ok := strings.CutPrefix(near.Address, "~/")
	if !ok {
		return Rule{}, errors.New(`of the paths that start with "~", only "~/" is known`)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return Rule{}, errors.New(`the home folder that "~" stands for is not known: HOME is not set`)
	}
	near.Address = filepath.Join(home, rest)
	return r, checkPath(near.Address)
}

package agent

import (
	"path/filepath"
	"slices"

	"fleet/transport"
)

// absolute makes the names of files in t begin at the root folder: the agent's
// working directory is another one. What t shares with its owner stays as it is.
func absolute(t *transport.Target) {
	for _, list := range []*[]string{&t.Login.Identities, &t.Login.Certificates, &t.HostKey.Files, &t.HostKey.GlobalFiles, &t.HostKey.Revoked} {
		if !slices.ContainsFunc(*list, isRelative) {
			continue
		}
		*list = slices.Clone(*list)
		for i := range *list {
			rooted(&(*list)[i])
		}
	}
	rooted(&t.Login.Agent)
	if len(t.Jump) == 0 {
		return
	}
	t.Jump = slices.Clone(t.Jump)
	for i := range t.Jump {
		absolute(&t.Jump[i])
	}
}

// isRelative leaves out the sockets of Linux that are no files ("@name").
func isRelative(path string) bool {
	return path != "" && path[0] != '@' && !filepath.IsAbs(path)
}

func rooted(path *string) {
	if !isRelative(*path) {
		return
	}
	if abs, err := filepath.Abs(*path); err == nil {
		*path = abs
	}
}

package main

import (
	"fmt"
	"strings"

	"fleet/inventory"
)

// scpParts takes apart what scp and rsync take: [USER@]HOST:PATH. Whether it was
// meant so is another question.
func scpParts(word string) (host, path string, ok bool) {
	host, path, ok = strings.Cut(word, ":")
	if !ok || host == "" || strings.Contains(host, "/") {
		return "", "", false
	}
	return host, path, true
}

// refuseHost refuses a host in LOCAL or REMOTE. A name with a colon is a path where
// no host can be meant, or where a slash comes before the colon, as ./a:b.
func refuseHost(inv *inventory.Inventory, j *transferJob) error {
	for i, word := range j.words {
		head, path, ok := scpParts(word)
		if !ok {
			continue
		}
		user, host, both := strings.Cut(head, "@")
		if !both {
			user, host = "", head
		}
		if !both && path != "" && path[0] != '/' && path[0] != '~' && !knows(inv, host) {
			continue
		}
		if path == "" {
			path = "."
		}
		login := ""
		if user != "" {
			login = " -l " + user
		}
		example := fmt.Sprintf("fleet pull -w %s%s %s LOCALDIR", host, login, path)
		if i == len(j.words)-1 {
			example = fmt.Sprintf("fleet push -w %s%s LOCAL %s", host, login, path)
		}
		return &usageError{err: badUsage("%q names a host, as for scp; hosts are said by flags here", word), hint: example}
	}
	return nil
}

// knows reports whether a host is called so.
func knows(inv *inventory.Inventory, name string) bool {
	for _, h := range inv.Hosts() {
		if h.Name == name {
			return true
		}
	}
	return false
}

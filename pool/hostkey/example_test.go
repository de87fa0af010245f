package hostkey_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"fleet/pool/hostkey"
	"fleet/transport"
)

// A connection asks twice: which algorithms to offer, and whether the key that
// the server showed is the right one.
func Example() {
	dir, err := os.MkdirTemp("", "hostkey")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"
	file := filepath.Join(dir, "known_hosts")
	if err := os.WriteFile(file, []byte("[web1]:2222 "+line+"\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	var store hostkey.Store
	known := store.Lookup(transport.HostKey{Files: []string{file}}, "web1:2222")
	fmt.Println(known.Algorithms(nil, false)[0])

	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		log.Fatal(err)
	}
	how, err := known.Verify(key)
	fmt.Println(how.Line, err)

	_, err = store.Lookup(transport.HostKey{Files: []string{file}}, "web2:22").Verify(key)
	fmt.Println(err)
	// Output:
	// ssh-ed25519
	// 1 <nil>
	// host key of "web2" is not known: it offers ED25519 SHA256:qH8baHrA5X0qCBovKCZyM02Q7TFtK4GMqVgOo4TZJAE
}

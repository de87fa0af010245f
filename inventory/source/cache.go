package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keepFor is how long an answer that nobody asks for stays on the disk.
const keepFor = 30 * 24 * time.Hour

// A cache keeps the last good answer of one command. A nil cache keeps nothing.
type cache struct {
	dir, name string
}

// newCache finds the place of the answer.
func newCache(o *ExecOptions) (*cache, error) {
	dir := o.CacheDir
	if dir == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if !filepath.IsAbs(base) {
			var err error
			if base, err = os.UserCacheDir(); err != nil {
				return nil, err
			}
		}
		dir = filepath.Join(base, "fleet", "sources")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	if err == nil {
		err = checkPrivate(info)
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", dir, withoutPath(err))
	}
	return &cache{dir: dir, name: key(o)}, nil
}

// key is what an answer depends on: the command, its folder, its environment as
// far as it picks an account or a project, and the program itself.
func key(o *ExecOptions) string {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		dir = o.Dir
	}
	env := make([]string, 0, len(o.Env))
	for name, text := range o.Env {
		env = append(env, name+"="+text)
	}
	for _, e := range os.Environ() {
		if picks(e) {
			env = append(env, e)
		}
	}
	slices.Sort(env)
	h := sha256.New()
	parts := []string{"fleet source 1", dir, fmt.Sprint(len(o.Command))}
	parts = append(parts, o.Command...)
	parts = append(parts, program(o.Command[0], dir))
	for _, p := range append(parts, env...) {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// picks reports whether a variable of the environment may say whose hosts a
// command lists: an answer for another account would be a list of wrong hosts.
func picks(variable string) bool {
	for _, prefix := range []string{
		"ALICLOUD_", "ANSIBLE_", "ARM_", "AWS_", "AZURE_", "CLOUDSDK_", "CONSUL_", "DIGITALOCEAN_", "EC2_", "FLEET_", "GCE_", "GCP_",
		"GOOGLE_", "HCLOUD_", "KUBECONFIG", "LINODE_", "NETBOX_", "NOMAD_", "OCI_", "OS_", "PROXMOX_", "SCW_", "TF_", "VAULT_", "VMWARE_", "VSPHERE_", "VULTR_",
	} {
		if strings.HasPrefix(variable, prefix) {
			return true
		}
	}
	return false
}

// program tells one state of a program from another; one that is being worked on
// is run again.
func program(name, dir string) string {
	path := name
	if !strings.ContainsRune(name, filepath.Separator) {
		found, err := exec.LookPath(name)
		if err != nil {
			return ""
		}
		path = found
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano())
}

// A kept is an answer from the cache.
type kept struct {
	age  time.Duration // negative where the clock was set back
	data *Data
}

// maxHeader is more than a header takes.
const maxHeader = 4 << 10

// A header is the first line of a file in the cache.
type header struct {
	Time time.Time `json:"time"`
	Sum  string    `json:"sha256"` // of all that follows
}

// load finds the answer to the command from. One that is damaged, that others
// could have written, or that this version cannot use, is none.
func (c *cache) load(from string) *kept {
	if c == nil {
		return nil
	}
	path := filepath.Join(c.dir, c.name)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || checkPrivate(info) != nil || info.Size() > maxSize+maxHeader {
		return nil
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	line, text, found := bytes.Cut(file, []byte("\n"))
	var h header
	if !found || json.Unmarshal(line, &h) != nil || h.Sum != sum(text) {
		return nil
	}
	k := &kept{age: time.Since(h.Time), data: parseAnswer(text, from)}
	if k.data.broken() {
		return nil
	}
	return k
}

func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}

// store keeps an answer. Another fleet that stores at the same time does no harm:
// the file is made aside and takes its name when it is complete.
func (c *cache) store(text []byte) error {
	if c == nil {
		return nil
	}
	c.sweep()
	line, err := json.Marshal(header{Time: time.Now(), Sum: sum(text)})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, "new-*") // with mode 0600
	if err != nil {
		return err
	}
	for _, part := range [][]byte{line, {'\n'}, text} {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(c.dir, c.name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// sweep removes answers that nobody asked for in a long time, and files that a
// fleet which was killed left half written.
func (c *cache) sweep() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && ours(e) && time.Since(info.ModTime()) > keepFor {
			_ = os.Remove(filepath.Join(c.dir, e.Name())) // another fleet may have done it
		}
	}
}

func ours(e fs.DirEntry) bool {
	return e.Type().IsRegular() && (strings.HasPrefix(e.Name(), "new-") || len(e.Name()) == 2*sha256.Size)
}

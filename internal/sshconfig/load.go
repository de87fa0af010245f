package sshconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds on what is read, far above any real configuration.
const (
	maxFileSize  = 8 << 20 // bytes
	maxReads     = 4096    // files, counted each time one is included
	maxTotalSize = 64 << 20
	maxDepth     = 16 // includes in includes, as in ssh
)

// Files says where the configuration is, and whose it is. The zero value means
// what ssh would read for the user who runs this process.
type Files struct {
	// User is the user's file. Empty is ~/.ssh/config, which may be missing;
	// "none" reads no file at all; any other file must exist, and then the
	// system's file is not read unless System names one (ssh -F).
	User string
	// System is the system's file. Empty is /etc/ssh/ssh_config; "none" is
	// no file. It may be missing.
	System string
	// Home stands for ~. Default: the home folder of the local user.
	Home string
	// LocalUser is who runs this, the default for User. Default: the name of
	// the user of this process.
	LocalUser string
	// Getenv reads the environment; an empty value counts as not set.
	// Default: the environment of this process.
	Getenv func(string) string
}

// loader reads files into a Config.
type loader struct {
	env      *env
	keywords map[string]*keyword
	system   string // folder for relative includes of the system's file
	reads    int
	size     int64
	hosts    []HostName
	final    bool // a Match final was seen
	errs     []error
}

// Load reads the configuration files and what they include. An error names the
// first bad line. Keywords ssh does not know are reported by Resolve, because
// an -o IgnoreUnknown may still permit them.
func Load(f Files) (*Config, error) {
	e, err := newEnv(&f)
	if err != nil {
		return nil, err
	}
	l := &loader{env: e, keywords: newKeywords()}
	c := &Config{env: e, keywords: l.keywords}
	for _, s := range l.sources(&f) {
		parsed, err := l.read(s)
		if err != nil {
			return nil, err
		}
		if parsed != nil {
			c.files = append(c.files, parsed)
		}
	}
	if len(l.errs) > 0 {
		return nil, l.failure()
	}
	c.final = l.final
	slices.SortStableFunc(l.hosts, func(x, y HostName) int { return strings.Compare(x.Name, y.Name) })
	c.hosts = slices.CompactFunc(l.hosts, func(x, y HostName) bool { return x.Name == y.Name })
	return c, nil
}

func (l *loader) failure() error {
	if more := len(l.errs) - 1; more > 0 {
		return fmt.Errorf("%w (and %d more bad lines)", l.errs[0], more)
	}
	return l.errs[0]
}

// source is a file to be read.
type source struct {
	path   string
	user   bool // read with the rights and folders of the user's file
	must   bool // it is an error when it is missing
	check  bool // others must not be able to write to it
	depth  int
	parent position // of the Include line
}

func (l *loader) sources(f *Files) []source {
	if f.User == "none" {
		return nil
	}
	system := f.System
	if system == "" {
		system = systemFile(l.env.lookup)
	}
	l.system = filepath.Dir(system)
	var list []source
	if f.User == "" {
		list = append(list, source{path: filepath.Join(l.env.home, ".ssh", "config"), user: true, check: true})
	} else {
		list = append(list, source{path: f.User, user: true, must: true})
	}
	if system != "none" && (f.User == "" || f.System != "") {
		list = append(list, source{path: system})
	}
	return list
}

// read reads one file. It is nil, without an error, when the file is missing
// and may be.
func (l *loader) read(s source) (*file, error) {
	name := l.env.display(s.path)
	text, err := l.readText(s)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && !s.must {
			return nil, nil
		}
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		err = fmt.Errorf("ssh configuration file %q: %w", name, err)
		if s.depth > 0 {
			err = s.parent.at(err)
		}
		return nil, err
	}
	return l.parse(s, name, text)
}

func (l *loader) readText(s source) (string, error) {
	if l.reads++; l.reads > maxReads {
		return "", fmt.Errorf("more than %d files are included", maxReads)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return "", err
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if s.check {
		if err := checkOwner(info); err != nil {
			return "", err
		}
	}
	if info.IsDir() { // ssh reads a folder as an empty file
		return "", nil
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if l.size += int64(len(text)); err == nil && (len(text) > maxFileSize || l.size > maxTotalSize) {
		err = errors.New("the file is too large for an ssh configuration")
	}
	return string(text), err
}

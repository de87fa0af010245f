package lang

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// fileSteps is what it costs to look at a file, besides its size.
const fileSteps = 20

// fileFunctions read files. A path comes in as it is to be opened: [root]
// makes it relative to the file that the call stands in.
func fileFunctions(t *table) map[string]function.Function {
	return map[string]function.Function{
		"abspath":          pathFunc(filepath.Abs),
		"file":             t.contentFunc(validText),
		"filebase64":       t.contentFunc(inBase64),
		"filebase64sha256": t.contentFunc(hashed(sha256.New, base64.StdEncoding.EncodeToString)),
		"filebase64sha512": t.contentFunc(hashed(sha512.New, base64.StdEncoding.EncodeToString)),
		"fileexists":       t.existsFunc(),
		"filemd5":          t.contentFunc(hashed(md5.New, hex.EncodeToString)),
		"fileset":          t.filesetFunc(),
		"filesha1":         t.contentFunc(hashed(sha1.New, hex.EncodeToString)),
		"filesha256":       t.contentFunc(hashed(sha256.New, hex.EncodeToString)),
		"filesha512":       t.contentFunc(hashed(sha512.New, hex.EncodeToString)),
		"templatefile":     t.templateFileFunc(),
	}
}

// contentFunc is a function that makes a text out of what a file holds.
func (t *table) contentFunc(read func([]byte) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			src, err := t.readFile(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(cty.String), function.NewArgError(0, err)
			}
			out, err := read(src)
			if err != nil {
				return cty.UnknownVal(cty.String), function.NewArgError(0, fmt.Errorf("%q %w", args[0].AsString(), err))
			}
			return cty.StringVal(out), nil
		},
	})
}

func validText(src []byte) (string, error) {
	if !utf8.Valid(src) {
		return "", errors.New("is not valid UTF-8; filebase64 reads any file")
	}
	return string(src), nil
}

func inBase64(src []byte) (string, error) { return base64.StdEncoding.EncodeToString(src), nil }

func hashed(algorithm func() hash.Hash, encode func([]byte) string) func([]byte) (string, error) {
	return func(src []byte) (string, error) {
		h := algorithm()
		h.Write(src)
		return encode(h.Sum(nil)), nil
	}
}

// readFile reads a regular file: others may never end, or act when they are read.
func (t *table) readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("%q is a folder", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%q is not a regular file", path)
	case info.Size() > MaxFileSize:
		return nil, fmt.Errorf("%q is larger than 4 MiB", path)
	case !t.scope.budget.pay(fileSteps + int(info.Size())/32):
		return nil, errTooExpensive()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer func() { _ = f.Close() }() // only read
	src, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	switch {
	case err != nil:
		return nil, fileError(path, err)
	case len(src) > MaxFileSize:
		return nil, fmt.Errorf("%q is larger than 4 MiB", path)
	}
	t.scope.project.reads.add(path, src)
	return src, nil
}

func fileError(path string, err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return fmt.Errorf("cannot read %q: %w", path, err)
}

// existsFunc tells whether there is a regular file; what cannot be told is an
// error, as in Terraform.
func (t *table) existsFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			if !t.scope.budget.pay(fileSteps) {
				return cty.UnknownVal(cty.Bool), errTooExpensive()
			}
			info, err := os.Stat(path)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return cty.False, nil
			case err != nil:
				return cty.UnknownVal(cty.Bool), function.NewArgError(0, fileError(path, err))
			case info.IsDir():
				return cty.UnknownVal(cty.Bool), function.NewArgErrorf(0, "%q is a folder, not a file", path)
			case !info.Mode().IsRegular():
				return cty.UnknownVal(cty.Bool), function.NewArgErrorf(0, "%q is not a regular file", path)
			}
			return cty.True, nil
		},
	})
}

package lang

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-cty-funcs/uuid"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
)

// moreEncodings are those that go-cty-funcs does not have, and base64decode,
// which it has, but which writes what it could not decode to the log.
func moreEncodings() map[string]function.Function {
	return map[string]function.Function{
		"base64decode": textFunc(base64decoded),
		"base64gzip":   textFunc(gzipped),
		"base64sha256": textFunc(func(s string) (string, error) {
			return hashed(sha256.New, base64.StdEncoding.EncodeToString)([]byte(s))
		}),
		"base64sha512": textFunc(func(s string) (string, error) {
			return hashed(sha512.New, base64.StdEncoding.EncodeToString)([]byte(s))
		}),
		"cidrcontains":     cidrcontainsFunc(),
		"textdecodebase64": encodingFunc(decodeText),
		"textencodebase64": encodingFunc(encodeText),
		"urldecode":        textFunc(url.QueryUnescape),
		"uuid":             uuid.V4Func,
		"uuidv5":           uuid.V5Func,
	}
}

// textFunc is a function from a text to a text.
func textFunc(fn func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			out, err := fn(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgError(0, err)
			}
			return cty.StringVal(out), nil
		},
	})
}

func base64decoded(s string) (string, error) {
	out, err := base64.StdEncoding.DecodeString(s)
	switch {
	case err != nil:
		return "", errors.New("it is no base64")
	case !utf8.Valid(out):
		return "", errors.New("what it stands for is no UTF-8 text; textdecodebase64 knows other encodings")
	}
	return string(out), nil
}

func gzipped(s string) (string, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(s)); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// encodingFunc is a function of a text and the name of an encoding, as the IANA
// has it: UTF-16LE.
func encodingFunc(fn func(s string, e encoding.Encoding) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "encoding", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			name := args[1].AsString()
			e, err := ianaindex.IANA.Encoding(name)
			if err != nil || e == nil {
				return cty.UnknownVal(ty), function.NewArgErrorf(1, "%q is no encoding that is known here; try UTF-16LE or ISO-8859-1", name)
			}
			out, err := fn(args[0].AsString(), e)
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgErrorf(0, "it does not fit the encoding %s: %s", name, err)
			}
			return cty.StringVal(out), nil
		},
	})
}

func encodeText(s string, e encoding.Encoding) (string, error) {
	out, err := e.NewEncoder().Bytes([]byte(s))
	return base64.StdEncoding.EncodeToString(out), err
}

func decodeText(s string, e encoding.Encoding) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", errors.New("it is no base64")
	}
	out, err := e.NewDecoder().Bytes(raw)
	if err == nil && (!utf8.Valid(out) || bytes.ContainsRune(out, utf8.RuneError)) {
		err = errors.New("it has bytes that stand for no character")
	}
	return string(out), err
}

// cidrcontainsFunc tells whether an address or a network lies in a network.
func cidrcontainsFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "containing_prefix", Type: cty.String}, {Name: "contained", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			outer, err := netip.ParsePrefix(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgErrorf(0, "%q is no network such as 10.0.0.0/8", args[0].AsString())
			}
			inner, err := netip.ParsePrefix(args[1].AsString())
			if err != nil {
				addr, err := netip.ParseAddr(args[1].AsString())
				if err != nil {
					return cty.UnknownVal(ty), function.NewArgErrorf(1, "%q is neither an address nor a network", args[1].AsString())
				}
				inner = netip.PrefixFrom(addr, addr.BitLen())
			}
			return cty.BoolVal(inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())), nil
		},
	})
}

// timeFunctions tell the time. timestamp is the moment of the call, plantimestamp
// that of loading the project.
func timeFunctions(t *table) map[string]function.Function {
	return map[string]function.Function{
		"plantimestamp": clockFunc(func() time.Time { return t.scope.loaded }),
		"timecmp":       timecmpFunc(),
		"timestamp":     clockFunc(func() time.Time { return t.scope.now() }),
	}
}

func clockFunc(now func() time.Time) function.Function {
	return function.New(&function.Spec{
		Type: function.StaticReturnType(cty.String),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			return cty.StringVal(now().UTC().Format(time.RFC3339)), nil
		},
	})
}

// timecmpFunc is -1, 0 or 1 for a moment before, at or after another.
func timecmpFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "timestamp_a", Type: cty.String}, {Name: "timestamp_b", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			var moments [2]time.Time
			for i, a := range args {
				m, err := time.Parse(time.RFC3339, a.AsString())
				if err != nil {
					return cty.UnknownVal(ty), function.NewArgError(i, fmt.Errorf("%q is no time such as 2026-01-31T23:59:59Z", a.AsString()))
				}
				moments[i] = m
			}
			return cty.NumberIntVal(int64(moments[0].Compare(moments[1]))), nil
		},
	})
}

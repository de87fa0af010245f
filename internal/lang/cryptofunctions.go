package lang

import (
	"bytes"
	"compress/gzip"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/crypto/bcrypt"
)

// The cost of bcrypt: each more doubles the time, which is 0.07 s for 10.
const (
	minBcryptCost     = bcrypt.MinCost
	defaultBcryptCost = bcrypt.DefaultCost
	maxBcryptCost     = 12
)

// bcryptFunc hashes a password for a file such as htpasswd. No two hashes of one
// password are the same.
func bcryptFunc() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "str", Type: cty.String}},
		VarParam: &function.Parameter{Name: "cost", Type: cty.Number},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.UnknownVal(ty), function.NewArgErrorf(2, "there is nothing more after the cost")
			}
			cost, ok := bcryptCost(args)
			if !ok {
				return cty.UnknownVal(ty), function.NewArgErrorf(1, "the cost must be a whole number from %d to %d; %d is usual", minBcryptCost, maxBcryptCost, defaultBcryptCost)
			}
			out, err := bcrypt.GenerateFromPassword([]byte(args[0].AsString()), cost)
			if errors.Is(err, bcrypt.ErrPasswordTooLong) {
				err = errors.New("bcrypt takes texts of up to 72 bytes")
			}
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgError(0, err)
			}
			return cty.StringVal(string(out)), nil
		},
	})
}

// bcryptCost is the second argument, and whether it is one that is allowed.
func bcryptCost(args []cty.Value) (int, bool) {
	if len(args) < 2 {
		return defaultBcryptCost, true
	}
	v, _ := args[1].Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.Number {
		return 0, false
	}
	n, accuracy := v.AsBigFloat().Int64()
	return int(n), accuracy == 0 && n >= int64(minBcryptCost) && n <= maxBcryptCost
}

// bcryptEffort is the time in microseconds. The default cost is what the
// expressions of one host can pay once.
func bcryptEffort(args []cty.Value) int {
	cost, ok := bcryptCost(args)
	if !ok {
		return 0 // refused
	}
	return 19 << cost
}

// rsadecryptFunc decrypts what was encrypted for a key, by PKCS #1 v1.5, as the
// passwords of Windows machines in AWS are.
func rsadecryptFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "ciphertext", Type: cty.String}, {Name: "privatekey", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			raw, err := base64.StdEncoding.DecodeString(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgErrorf(0, "it is no base64")
			}
			key, err := rsaKey(args[1].AsString())
			if err != nil {
				return cty.UnknownVal(ty), function.NewArgError(1, err)
			}
			out, err := key.Decrypt(nil, raw, nil) // by PKCS #1 v1.5
			switch {
			case err != nil:
				return cty.UnknownVal(ty), function.NewArgErrorf(0, "it cannot be decrypted with this key")
			case !utf8.Valid(out):
				return cty.UnknownVal(ty), function.NewArgErrorf(0, "what it stands for is no UTF-8 text")
			}
			return cty.StringVal(string(out)), nil
		},
	})
}

// rsaKey reads a private key in PEM. Its errors have nothing of the key in them.
func rsaKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is no private key in PEM; file reads one")
	}
	switch {
	case strings.Contains(block.Type, "ENCRYPTED") || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, errors.New("the key is encrypted with a passphrase; one without is required")
	case block.Type == "OPENSSH PRIVATE KEY":
		return nil, errors.New("the key is in the format of OpenSSH; \"ssh-keygen -p -m PEM\" changes a copy of it")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if key, ok := parsed.(*rsa.PrivateKey); err == nil && ok {
		return key, nil
	}
	return nil, errors.New("it is no private key of RSA")
}

// rsaEffort is the time in microseconds: it grows with the third power of the
// size of the key.
func rsaEffort(args []cty.Value) int {
	n := textLen(args[1])
	return times(times(n, n), n) / 3_000_000
}

// base64gunzipFunc undoes base64gzip. A small text can stand for a large one, so
// the result is paid for while it is made.
func base64gunzipFunc(t *table) function.Function {
	return textFunc(func(s string) (string, error) {
		raw, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return "", errors.New("it is no base64")
		}
		r, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return "", errors.New("what it stands for is not compressed with gzip")
		}
		var out bytes.Buffer
		for {
			const piece = 32 << 10
			n, err := io.CopyN(&out, r, piece)
			switch {
			case !t.scope.budget.pay(int(n) / 32):
				return "", errTooExpensive()
			case out.Len() > MaxFileSize:
				return "", fmt.Errorf("what it stands for has more than %d MiB", MaxFileSize>>20)
			case errors.Is(err, io.EOF) && !utf8.Valid(out.Bytes()):
				return "", errors.New("what it stands for is no UTF-8 text")
			case errors.Is(err, io.EOF):
				return out.String(), nil
			case err != nil:
				return "", errors.New("what it stands for is damaged")
			}
		}
	})
}

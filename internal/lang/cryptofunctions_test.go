package lang

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// encrypted is a text encrypted for a new key, by PKCS #1 v1.5, and the key. Go
// would rather not do this.
func encrypted(t testing.TB, text string) (ciphertext string, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	block := bytes.Repeat([]byte{0xaa}, key.Size())
	block[0], block[1] = 0, 2
	block[len(block)-len(text)-1] = 0
	copy(block[len(block)-len(text):], text)
	c := new(big.Int).Exp(new(big.Int).SetBytes(block), big.NewInt(int64(key.E)), key.N)
	return base64.StdEncoding.EncodeToString(c.FillBytes(block)), key
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestRsadecrypt(t *testing.T) {
	ciphertext, key := encrypted(t, "hello")
	binary, other := encrypted(t, "\xff")
	pkcs1 := pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	otherKey := pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(other))
	s := scopeOf(t, "", Inputs{})
	for _, tt := range []struct{ name, ciphertext, key, want string }{
		{"PKCS #1", ciphertext, pkcs1, `"hello"`},
		{"PKCS #8", ciphertext, pemOf("PRIVATE KEY", pkcs8), `"hello"`},
		{"no base64", "%", pkcs1, "it is no base64"},
		{"no PEM", ciphertext, "s3cret", "it is no private key in PEM"},
		{"another key", ciphertext, otherKey, "it cannot be decrypted with this key"},
		{"another kind of key", ciphertext, pemOf("PRIVATE KEY", ec), "it is no private key of RSA"},
		{"no text", binary, otherKey, "is no UTF-8 text"},
		{"too short", "AAAA", pkcs1, "it cannot be decrypted with this key"},
		{"of OpenSSH", ciphertext, pemOf("OPENSSH PRIVATE KEY", []byte("s3cret")), "ssh-keygen -p -m PEM"},
		{"encrypted", ciphertext, pemOf("ENCRYPTED PRIVATE KEY", []byte("s3cret")), "encrypted with a passphrase"},
		{"huge", ciphertext, pemOf("RSA PRIVATE KEY", make([]byte, 100_000)), "too expensive"},
	} {
		src := "rsadecrypt(\"" + tt.ciphertext + "\", <<EOT\n" + tt.key + "\nEOT\n)"
		if got := evaluated(t, s, expression(t, src)); !strings.Contains(got, tt.want) || strings.Contains(got, "s3cret") {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestBcrypt(t *testing.T) {
	s := scopeOf(t, "", Inputs{})
	for src, want := range map[string]int{`bcrypt("hello")`: 10, `bcrypt("hello", 4)`: 4, `bcrypt("hello", 5)`: 5} {
		hash := []byte(strings.Trim(evaluated(t, s, expression(t, src)), `"`))
		if cost, err := bcrypt.Cost(hash); err != nil || cost != want {
			t.Errorf("%s: %q: cost %d, %v", src, hash, cost, err)
		}
		if err := bcrypt.CompareHashAndPassword(hash, []byte("hello")); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// What base64gunzip makes is paid for also where it comes to nothing.
func TestGunzipPays(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, 3<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := base64.StdEncoding.EncodeToString(b.Bytes()[:b.Len()-12])
	s := scopeOf(t, "", Inputs{})
	got := evaluated(t, s, expression(t, `[for i in range(1000): try(base64gunzip("`+damaged+`"), i)]`))
	if !strings.Contains(got, "too expensive") {
		t.Errorf("%.300s", got)
	}
}

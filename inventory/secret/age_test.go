package secret

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

func encrypt(t *testing.T, text string, armored bool, to ...age.Recipient) string {
	t.Helper()
	var b bytes.Buffer
	var dst io.Writer = &b
	closeArmor := func() error { return nil }
	if armored {
		a := armor.NewWriter(&b)
		dst, closeArmor = a, a.Close
	}
	w, err := age.Encrypt(dst, to...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, text)
	if err := firstOf(err, w.Close(), closeArmor()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func newIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// byPassphrase is quick to open, and so quick to guess.
func byPassphrase(t *testing.T, passphrase string) age.Recipient {
	t.Helper()
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(4)
	return r
}

// sshKey is a private key of SSH, with and without a passphrase.
func sshKey(t *testing.T) (plain, locked string, to age.Recipient) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	open, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	shut, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	to, err = agessh.NewEd25519Recipient(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(open)), string(pem.EncodeToMemory(shut)), to
}

func TestAge(t *testing.T) {
	mine, other := newIdentity(t), newIdentity(t)
	plain, locked, toSSH := sshKey(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	sealed := encrypt(t, "s3cret\n", false, mine.Recipient())
	d := newDesk(t, "open sesame", map[string]string{
		"id":          "# created: today\n" + mine.String() + "\n",
		"other":       other.String() + "\n",
		"both":        other.String() + "\n" + mine.String() + "\n",
		"hybrid":      hybrid.String(),
		"locked id":   encrypt(t, mine.String()+"\n", true, byPassphrase(t, "open sesame")),
		"foreign id":  encrypt(t, mine.String()+"\n", false, byPassphrase(t, "another")),
		"sealed id":   encrypt(t, mine.String()+"\n", false, other.Recipient()),
		"broken id":   "AGE-SECRET-KEY-1s3cret\n",
		"plugin id":   "AGE-PLUGIN-YUBIKEY-1QQQ\n",
		"ssh":         plain,
		"ssh locked":  locked,
		"for id":      sealed,
		"armored":     encrypt(t, "s3cret\n", true, mine.Recipient()),
		"for hybrid":  encrypt(t, "s3cret", false, hybrid.Recipient()),
		"for ssh":     encrypt(t, "s3cret", true, toSSH),
		"passphrase":  encrypt(t, "s3cret\n", false, byPassphrase(t, "open sesame")),
		"passphrase2": encrypt(t, "s3cret\n", false, byPassphrase(t, "another")),
		"cut":         sealed[:len(sealed)-5],
		"cut head":    sealed[:60],
		"not age":     "s3cret\n",
		"nearly age":  "age-encryption.org/v1\ns3cret\n",
		"big":         encrypt(t, strings.Repeat("s3cret", 11000), false, mine.Recipient()),
		"nothing":     encrypt(t, "", false, mine.Recipient()),
	})
	tests := []struct {
		file, identities string // identities with commas between them; empty is a passphrase
		failure          string
	}{
		{"for id", "id", ""},
		{"for id", "~/id", ""},
		{"for id", "both", ""},
		{"for id", "other,id", ""},
		{"armored", "id", ""},
		{"for hybrid", "hybrid", ""},
		{"for ssh", "ssh", ""},
		{"for id", "locked id", ""},
		{"passphrase", "", ""},
		{"for id", "other", `the identity does not open "for id"`},
		{"for id", "other,ssh", `none of the 2 identities opens "for id"`},
		{"for id", "foreign id", `the passphrase does not open "foreign id"`},
		{"for id", "sealed id", `the passphrase does not open "sealed id"`},
		{"for id", "broken id", `identity "broken id" holds no identity of age`},
		{"for id", "not age", `identity "not age" holds no identity of age`},
		{"for id", "plugin id", "of plugins cannot be used"},
		{"for id", "ssh locked", "without a passphrase"},
		{"for id", "missing", "missing"},
		{"missing", "id", "missing"},
		{"passphrase2", "", `the passphrase does not open "passphrase2"`},
		{"for id", "", `does not open "for id"`},
		{"cut", "id", `"cut" is damaged`},
		{"cut head", "id", `"cut head" is damaged`},
		{"not age", "id", `"not age" is not a file of age`},
		{"nearly age", "id", `"nearly age" is damaged`},
		{"big", "id", "it is larger than 16 KiB"},
		{"nothing", "id", "it is empty"},
	}
	for _, tt := range tests {
		a := Age{Dir: d.dir, File: tt.file, Passphrase: tt.identities == ""}
		if tt.identities != "" {
			a.Identities = strings.Split(tt.identities, ",")
		}
		want := ""
		if tt.failure == "" {
			want = "s3cret"
		}
		d.learned = nil
		got, err := d.resolve(t.Context(), a)
		check(t, got, err, want, tt.failure)
		if asks := a.Passphrase || tt.identities == "locked id"; asks && d.learned[0] != "open sesame" {
			t.Errorf("%v: the passphrase was not learned", a)
		}
	}
	if strings.Join(d.asked[:2], "|") != "Passphrase for locked id: |Passphrase for passphrase: " {
		t.Errorf("asked %q", d.asked)
	}
}

func TestAgeMustSayHow(t *testing.T) {
	for _, tt := range []struct {
		a    Age
		want string
	}{
		{Age{File: "f"}, "needs an identity"},
		{Age{File: "f", Passphrase: true, Identities: []string{"id"}}, "not both"},
		{Age{Passphrase: true}, "file is empty"},
		{Age{File: "f", Identities: []string{""}}, "identity is empty"},
	} {
		check(t, "", tt.a.Check(), "", tt.want)
	}
}

package inventory

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/internal/lang"
	"fleet/inventory/secret"
	"fleet/transport"
)

func secretDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "secret", Labels: []string{"name"}, Many: true,
		Doc: "A text that is never shown: `secret.NAME`. It comes from exactly one of the places below, and is fetched when it is needed, once.",
		Attrs: []lang.AttrDef{
			{Name: "env", Type: "string", Doc: "The environment variable that holds it."},
			{Name: "file", Type: "string", Doc: "The file that holds it, and nothing else; one line end after it does not count."},
			{Name: "exec", Type: "list(string)", Doc: "The command that prints it: program and arguments, without a shell."},
			{Name: "prompt", Type: "bool", Doc: "Whether it is asked for on the terminal, before the first host is contacted."},
			{Name: "timeout", Type: "duration", Doc: "Time for `exec` and `sops`.", Default: "10s"},
		},
		Blocks: []*lang.BlockDef{ageDef(), sopsDef()},
		Example: `secret "sudo" {
  age {
    file     = "sudo.age"
    identity = ["~/.config/age/key.txt"]
  }
}`,
	}
}

func ageDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "age", Doc: "A file encrypted with age.",
		Attrs: []lang.AttrDef{
			{Name: "file", Type: "string", Required: true, Doc: "The encrypted file, armored or not."},
			{Name: "identity", Type: "list(string)", Doc: "Files of identities, or private keys of SSH, any of which may open it."},
			{Name: "passphrase", Type: "bool", Doc: "Whether it is encrypted with a passphrase, which is asked for.", Default: "false"},
		},
	}
}

func sopsDef() *lang.BlockDef {
	return &lang.BlockDef{
		Type: "sops", Doc: "A file encrypted with sops, which must be installed.",
		Attrs: []lang.AttrDef{
			{Name: "file", Type: "string", Required: true, Doc: "The encrypted file."},
			{Name: "key", Type: "string", Doc: "Where in it: `database.password`, `users.0`.", Default: "all of it"},
		},
	}
}

// secretName is what expressions can refer to as secret.NAME.
var secretName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// secretNames lists the names of secret blocks, which the scope is made with.
func secretNames(blocks hcl.Blocks) []string {
	var names []string
	for _, b := range blocks {
		if b.Type == "secret" && secretName.MatchString(b.Labels[0]) {
			names = append(names, b.Labels[0])
		}
	}
	return names
}

// secret decodes a secret block. Nothing is fetched.
func (d *decoder) secret(b *hcl.Block) {
	name := b.Labels[0]
	if !secretName.MatchString(name) {
		d.fail(b.LabelRanges[0], "Invalid secret name", "%q is no name for a secret, which expressions refer to as secret.NAME: letters, digits, _ and - after the first.", name)
		return
	}
	if at, ok := d.secretsAt[name]; ok {
		d.fail(b.DefRange, "Duplicate secret", "The secret %q is already defined at %s.", name, lang.Place(at))
		return
	}
	d.secretsAt[name] = b.DefRange
	content, diags := d.project.Content(b.Body, secretDef().Body())
	d.add(diags)
	args := d.arguments(content.Attributes, b.DefRange, secretSpecs())
	if diags.HasErrors() || !args.complete {
		return
	}
	list := d.providers(name, args, content.Blocks)
	if len(list) != 1 {
		d.fail(b.DefRange, "Invalid secret", "A secret comes from exactly one of env, file, exec, prompt, age and sops; this one has %d.", len(list))
		return
	}
	if err := list[0].Check(); err != nil {
		d.fail(b.DefRange, "Invalid secret", "%s.", strings.TrimSuffix(sentence(err.Error()), "."))
		return
	}
	d.providersOf[name] = list[0]
}

func secretSpecs() []spec {
	parsers := map[string]parser{"env": parseText, "file": parseText, "exec": parseCommand, "prompt": parseBool, "timeout": parseDuration}
	var out []spec
	for _, a := range secretDef().Attrs {
		out = append(out, spec{parse: parsers[a.Name], AttrDef: a})
	}
	return out
}

// providers lists the places that a secret block names.
func (d *decoder) providers(name string, args *arguments, blocks hcl.Blocks) []secret.Provider {
	dir := filepath.Dir(args.at.Filename)
	var out []secret.Provider
	if args.has("env") {
		out = append(out, secret.Env{Name: args.text("env")})
	}
	if args.has("file") {
		out = append(out, secret.File{Path: args.text("file"), Dir: dir})
	}
	if args.has("exec") {
		out = append(out, secret.Exec{Command: args.list("exec"), Dir: dir, Timeout: args.duration("timeout")})
	}
	if args.values["prompt"] == true {
		out = append(out, secret.Prompt{Question: "Secret " + name})
	}
	for _, b := range blocks {
		if p := d.encrypted(b, dir, args.duration("timeout")); p != nil {
			out = append(out, p)
		}
	}
	return out
}

// encrypted decodes the age or sops block of a secret.
func (d *decoder) encrypted(b *hcl.Block, dir string, timeout time.Duration) secret.Provider {
	def := map[string]*lang.BlockDef{"age": ageDef(), "sops": sopsDef()}[b.Type]
	content, diags := d.project.Content(b.Body, def.Body())
	d.add(diags)
	parsers := map[string]parser{"file": parseText, "identity": parseList, "passphrase": parseBool, "key": parseText}
	var specs []spec
	for _, a := range def.Attrs {
		specs = append(specs, spec{parse: parsers[a.Name], AttrDef: a})
	}
	args := d.arguments(content.Attributes, b.DefRange, specs)
	if b.Type == "sops" {
		return secret.Sops{File: args.text("file"), Key: args.text("key"), Dir: dir, Timeout: timeout}
	}
	return secret.Age{File: args.text("file"), Identities: args.list("identity"), Passphrase: args.values["passphrase"] == true, Dir: dir}
}

// lateSetting is a setting that is made from secrets, and so not before it is
// used; nil where a is none. Only passwords can be: everything else of a
// connection is shown.
func (d *decoder) lateSetting(a *hcl.Attribute, parse parser) *setting {
	needs := d.scope.SecretsIn(a.Expr)
	if len(needs) == 0 {
		return nil
	}
	_, diags := d.scope.Eval(a.Expr, cty.String)
	d.add(diags)
	return &setting{at: a.NameRange, sensitive: true, late: a.Expr, needs: needs, value: "(sensitive)", parse: parse}
}

// A vault gives secrets away, and what is made from them.
type vault struct {
	resolver *secret.Resolver
	scope    *lang.Scope

	mu    sync.Mutex
	texts map[*setting]string // what was made by now; guarded by mu
}

// reveal makes a setting from the secrets it needs.
func (v *vault) reveal(ctx context.Context, s *setting) (string, error) {
	v.mu.Lock()
	text, ok := v.texts[s]
	v.mu.Unlock()
	if ok {
		return text, nil
	}
	values := make(map[string]string, len(s.needs))
	for _, name := range s.needs {
		value, err := v.resolver.Resolve(ctx, name)
		if err != nil {
			return "", err
		}
		values[name] = value.Reveal()
	}
	text, err := v.make(s, values)
	if err != nil {
		return "", fmt.Errorf("%s: %w", lang.Place(s.at), err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.texts[s] = text
	return text, nil
}

// make evaluates a setting. A secret alone is taken as it is: expressions bring
// texts into one form of Unicode, and a password may be in another.
func (v *vault) make(s *setting, secrets map[string]string) (string, error) {
	if name := lang.SecretAlone(s.late); name != "" {
		if strings.ContainsAny(secrets[name], "\n\r\x00") {
			return "", fmt.Errorf("the secret %q must be one line", name)
		}
		return secrets[name], nil
	}
	scope, diags := v.scope.WithSecrets(secrets)
	if diags.HasErrors() {
		return "", fmt.Errorf("it cannot be made from the secrets: %w", diags)
	}
	value, diags := scope.Eval(s.late, cty.String)
	value, _ = value.UnmarkDeep()
	switch {
	case diags.HasErrors():
		return "", fmt.Errorf("it cannot be made from the secrets: %w", diags)
	case !value.IsKnown():
		return "", errors.New("it cannot be made from the secrets alone")
	}
	text, err := s.parse(value, s.at)
	if err != nil {
		return "", err
	}
	return text.(string), nil
}

// BecomePassword fetches the password of the become block of h, where it has one
// that is made from secrets: this may run a command, or ask on the terminal.
// Otherwise it is the one that Become knows.
func (inv *Inventory) BecomePassword(ctx context.Context, h *Host) (transport.Secret, error) {
	s := h.layer.settings[setBecomePassword]
	if s == nil || s.value == nil || s.late == nil {
		if b := h.Become(); b != nil {
			return b.Password, nil
		}
		return transport.Secret{}, nil
	}
	text, err := inv.vault.reveal(ctx, s)
	return transport.NewSecret(text), err
}

package source

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dump writes hosts with all they have, and groups, one a line.
func dump(d *Data) string {
	var lines []string
	for _, h := range d.Hosts {
		line := h.Name
		for _, m := range []map[string]Value{h.Settings, h.Labels, h.Vars} {
			line += " {" + strings.ReplaceAll(shownAny(m), "\n", " ") + "}"
		}
		lines = append(lines, line)
	}
	for _, g := range d.Groups {
		line := "@" + g.Name + ": " + strings.Join(g.Hosts, " ")
		for _, c := range g.Children {
			line += " @" + c
		}
		if len(g.Vars) > 0 {
			line += " {" + shownAny(g.Vars) + "}"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestTerraformOfManyClouds(t *testing.T) {
	d := Terraform(t.Context(), TerraformOptions{Path: filepath.Join("testdata", "clouds.tfstate")})
	want := `aws_instance.web-0 {address=198.51.100.1} {Env=prod Name=web owner=ops} {cpu_core_count=2 id=i-1 instance_type=t3.small monitoring=false private_ip=10.0.0.1 public_ip=198.51.100.1 terraform_address=aws_instance.web[0] vpc_security_group_ids=[sg-1 sg-2]}
aws_instance.web-1 {address=10.0.0.2} {Env=prod Name=web} {id=i-2 private_ip=10.0.0.2 public_ip= terraform_address=aws_instance.web[1]}
db1.example.net {address=203.0.113.9} {role=primary} {ipv4_address=203.0.113.9 location=fsn1 name=db1.example.net terraform_address=module.db["eu"].hcloud_server.db}
app-1 {address=192.0.2.4} {goog-terraform-provisioned=true http=true team=a} {name=app-1 terraform_address=google_compute_instance.app["a b"]}
app-2 {address=10.1.0.3} {} {name=app-2 terraform_address=google_compute_instance.app["c"]}
jump {address=192.0.2.77} {} {name=jump private_ip_address=10.2.0.4 public_ip_address=192.0.2.77 terraform_address=azurerm_linux_virtual_machine.jump}
@aws_instance: aws_instance.web-0 aws_instance.web-1
@hcloud_server: db1.example.net
@google_compute_instance: app-1 app-2
@azurerm_linux_virtual_machine: jump
@web: aws_instance.web-0 aws_instance.web-1
@db: db1.example.net
@app: app-1 app-2
@jump: jump`
	if got := dump(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got := said(d)
	for _, part := range []string{
		`such as "aws:asg"`, "Name of several machines", "It is about aws_instance.web-[0-1].",
		"Machine without an address", "It is about off.",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in\n%s", part, got)
		}
	}
	if d.broken() {
		t.Error(got)
	}
}

// Files that Terraform wrote: a state, and what "terraform show -json" printed.
func TestTerraformAsItIsWritten(t *testing.T) {
	for _, tt := range []struct{ file, path string }{
		{"terraform-data.tfstate", "input.value"},
		{"terraform-data.json", "input"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := filepath.Join("testdata", tt.file)
			d := Terraform(t.Context(), TerraformOptions{Path: path, Types: []string{"terraform_data", "no_such_type"}, Address: tt.path + ".ip"})
			if got := names(d); got != "terraform_data.db-a terraform_data.db-b-c terraform_data.web-0 terraform_data.web-1" {
				t.Error(got, said(d))
			}
			if got := said(d); !strings.Contains(got, "module.m.terraform_data.one") || !strings.Contains(got, `no resource of type "no_such_type"`) {
				t.Error(got)
			}
			d = Terraform(t.Context(), TerraformOptions{Path: path, Types: []string{"terraform_data"}, Name: tt.path + ".password", Address: tt.path + ".ip"})
			if got := said(d); !d.broken() || len(d.Hosts) > 0 || strings.Contains(got, "s3cret") {
				t.Errorf("named by a secret: %s %s", names(d), got)
			}
		})
	}
}

func TestTerraformTellsOfNamesThatAreNoHostNames(t *testing.T) {
	state := func(names ...string) []byte {
		var b strings.Builder
		b.WriteString(`{"version": 4, "resources": [{"mode": "managed", "type": "aws_instance", "name": "a", "instances": [`)
		for i, name := range names {
			if i > 0 {
				b.WriteString(", ")
			}
			tag, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, `{"index_key": %d, "attributes": {"public_ip": "192.0.2.%d", "tags": {"Name": %s}}}`, i, i+1, tag)
		}
		b.WriteString(`]}]}`)
		return []byte(b.String())
	}
	d := parseState(state("web 1", "web2", "", "-x\x1b"), TerraformOptions{Path: "s"})
	if got := names(d); got != "aws_instance.a-0 web2 aws_instance.a-2 aws_instance.a-3" {
		t.Error(got)
	}
	want := `warning: s:1: Name is no host name: tags.Name = "web 1" of aws_instance.a[0] cannot be the name of a host: ' ' is not allowed in it. The host is called aws_instance.a-0.
warning: s:1: Name is no host name: tags.Name = "-x?" of aws_instance.a[3] cannot be the name of a host: it begins with a dash. The host is called aws_instance.a-3.`
	if got := said(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	d = parseState(state(slices.Repeat([]string{"a b"}, 8)...), TerraformOptions{Path: "s"})
	if got := said(d); strings.Count(got, "\n") != 5 || !strings.HasSuffix(got, "There are 3 more of these.") {
		t.Error(got)
	}
}

func TestTerraformThatIsNoState(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "it ends too early"},
		{"no JSON", "resource", "it is no JSON"},
		{"an old version", `{"version": 3, "modules": []}`, `version "3" of the format is not known`},
		{"something else", `{"a": 1}`, "it has neither the version"},
		{"a list", `[]`, "it has neither the version"},
		{"a plan", `{"format_version": "1.2", "planned_values": {}}`, "it is a plan"},
		{"encrypted", `{"encrypted_data": "x", "serial": 1}`, "it is encrypted"},
		{"a name that is none", `{"version": 4, "resources": [{"mode": "managed", "type": "aws_instance", "name": "a", "instances": [{"attributes": {"public_ip": "192.0.2.1", "host": "-x"}}]}]}`, `"-x" is no name for a host`},
		{"no machine", `{"version": 4, "resources": []}`, "known to be a machine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := said(parseState([]byte(tt.text), TerraformOptions{Path: "s", Name: "host"})); !strings.Contains(got, tt.want) {
				t.Errorf("%s, want %q", got, tt.want)
			}
		})
	}
}

func FuzzTerraform(f *testing.F) {
	f.Add([]byte(`{"version": 4, "resources": [{"mode": "managed", "type": "aws_instance", "name": "a", "instances": [{"index_key": 0, "attributes": {"public_ip": "192.0.2.1", "tags": {"Name": "x"}}, "sensitive_attributes": [[{"type": "get_attr", "value": "tags"}]]}]}]}`))
	f.Add([]byte(`{"format_version": "1.0", "values": {"root_module": {"child_modules": [{"resources": [{"address": "m.t.n", "mode": "managed", "type": "terraform_data", "name": "n", "values": {"id": "x"}, "sensitive_values": {"id": [true]}}]}]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, o := range []TerraformOptions{{}, {Types: []string{"terraform_data"}, Name: "id", Address: "input.value.ip"}} {
			wellFormed(t, parseState(text, o))
		}
	})
}

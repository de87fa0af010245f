package reference_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"fleet/internal/reference"
)

func TestTheSchemaTakesWhatTheDecoderTakes(t *testing.T) {
	schema := compile(t)
	for name, doc := range map[string]string{
		"everything": `{
			"//": "a comment",
			"variable": {"env": {"type": "string", "default": "staging", "validation": {"condition": "${var.env != \"\"}", "error_message": "no"}}},
			"locals": {"domain": "${var.env}.example.net"},
			"connection": {"user": "deploy", "port": "${1 + 21}", "become": {"method": "sudo"}},
			"group": {"web": {"hosts": ["web[1-3]"], "connection": [{"port": 2222}], "vars": {"port": 8080}}},
			"host": {"bastion": {"address": "203.0.113.7", "connection": {"jump": null}}}
		}`,
		"a task": `{"task": {"deploy": {
			"hosts": "@web", "depends_on": ["task.build"], "tags": ["app"],
			"rollout": {"canary": 1, "batches": [1, "10%"], "max_failures": "5%", "auto_revert": true},
			"precondition": {"condition": "${host.index < 3}", "error_message": "no"},
			"step": {
				"upload": {"argv": ["cp", "a", "b"], "env": {"A": "b"}, "timeout": "10s", "retry": {"attempts": 3}, "notify": "restart"},
				"ready": {"wait": {"port": 8080}, "postcondition": [{"condition": "${self.status == 0}", "error_message": "no"}]}
			},
			"handler": {"restart": {"command": "systemctl restart app", "when": "${step.upload.changed}"}},
			"revert": {"step": {"back": {"command": "rollback"}}},
			"always": [{"step": [{"one": {"command": "true"}}, {"two": {"local": true, "command": "true"}}]}]
		}}}`,
		"tunnels": `{"tunnel": {
			"postgres": {"hosts": "@db", "local": "${15432 + host.index}", "to": "localhost:5432", "on_down": "refuse"},
			"socks": {"hosts": ["edge"], "dynamic": 1080, "permit": ["10.0.0.0/8:*"], "gateway": false}
		}}`,
		"lists of blocks": `{"locals": [{"a": 1}, {"b": 2}], "group": [{"web": {"hosts": "web1"}}, {"db": {"hosts": ["db1"]}}]}`,
	} {
		if err := schema.Validate(parse(t, doc)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSchemaFindsMistakes(t *testing.T) {
	schema := compile(t)
	for name, doc := range map[string]string{
		"unknown block":     `{"grop": {"web": {}}}`,
		"unknown attribute": `{"group": {"web": {"host": ["a"]}}}`,
		"wrong type":        `{"group": {"web": {"hosts": 7}}}`,
		"wrong word":        `{"connection": {"host_key": "never"}}`,
		"unknown in a step": `{"task": {"a": {"hosts": "web", "step": {"b": {"comand": "true"}}}}}`,
		"handler notifying": `{"task": {"a": {"hosts": "web", "handler": {"b": {"command": "true", "notify": "c"}}}}}`,
		"wrong strategy":    `{"task": {"a": {"hosts": "web", "strategy": "fast"}}}`,
		"wrong on_down":     `{"tunnel": {"a": {"hosts": "web", "local": 1, "to": "a:1", "on_down": "wiat"}}}`,
		"listening to true": `{"tunnel": {"a": {"hosts": "web", "local": true, "to": "a:1"}}}`,
		"missing label":     `{"variable": {"type": "string"}}`,
		"missing attribute": `{"variable": {"a": {"validation": {"condition": true}}}}`,
	} {
		if err := schema.Validate(parse(t, doc)); err == nil {
			t.Errorf("%s is not found: %s", name, doc)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := reference.Schema(language())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("fleet.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("fleet.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func parse(t *testing.T, text string) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

package lang

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bombs are small expressions that would take much time or memory. Each stands
// for a local value of a project; N names a file with a template.
func bombs() map[string]string {
	rep := strings.Repeat
	aliases := "a: &a [x,x,x,x,x,x,x,x,x]\\n"
	for c := 'b'; c <= 'k'; c++ {
		aliases += fmt.Sprintf("%c: &%c [%s]\\n", c, c, strings.TrimSuffix(rep("*"+string(c-1)+",", 9), ","))
	}
	nested := "range(1000)"
	for i := range 5 {
		nested = fmt.Sprintf("[for v%d in range(1000): %s]", i, nested)
	}
	chain := `"` + rep("0123456789abcdef", 2000) + `"`
	for range 40 {
		chain = "base64encode(" + chain + ")"
	}
	zeros := compressed(4 << 20)
	long := `"` + rep("abcdefgh", 20_000) + `"`
	return map[string]string{
		"setproduct":                  "setproduct(range(1000), range(1000), range(1000))",
		"loops":                       nested,
		"range in a loop":             "flatten([for i in range(1000): range(1000)])",
		"join":                        `join("` + rep("-", 100_000) + `", range(1000))`,
		"format width":                `format("%1000000d", 1)`,
		"format widths":               `format("` + rep("%100000d", 100) + `", ` + strings.TrimSuffix(rep("1,", 100), ",") + `)`,
		"format of a list":            `formatlist("%9999s", range(1000))`,
		"replace":                     `replace("` + rep("a", 10_000) + `", "a", "` + rep("b", 10_000) + `")`,
		"replace of nothing":          `replace(` + long + `, "", ` + long + `)`,
		"replace by expression":       `replace("` + rep("a", 10_000) + `", "/a*?/", "` + rep("$0", 2000) + `")`,
		"regexall":                    `regexall("(?:[a-z]{1000})*z", ` + long + `)`,
		"regex of many states":        `regex("` + rep("[a-y]{1000}", 90) + `", ` + long + `)`,
		"regexall of nothing":         `[for i in range(1000): regexall("", ` + long + `)]`,
		"yaml aliases":                `yamldecode("` + aliases + `")`,
		"yaml depth":                  `yamldecode("` + rep("[", 50_000) + `")`,
		"yaml keys":                   `yamldecode("` + rep("? ", 20_000) + `")`,
		"base64 chain":                chain,
		"template loops":              `templatefile("N", {n = 1000})`,
		"template in a loop":          `[for i in range(1000): templatestring("%%{for a in x}$${a}%%{endfor}", {x = range(1000)})]`,
		"template depth":              `templatestring("` + rep("$${[", 20_000) + `", {})`,
		"jsonencode":                  `jsonencode([for i in range(1000): range(1000)])`,
		"jsondecode":                  `jsondecode("` + rep("[", 200_000) + rep("]", 200_000) + `")`,
		"cidrsubnets":                 `[for i in range(1000): cidrsubnets("10.0.0.0/8", [for j in range(1000): 16]...)]`,
		"number":                      `1e4000 * 1e4000 * 1e4000`,
		"modulo":                      `1e1000000000 % 3`,
		"parseint":                    `parseint("` + rep("z", 100_000) + `", 62)`,
		"digits":                      `tonumber("` + rep("9", 100_000) + `")`,
		"indent":                      `indent(1000000, "` + rep("\\n", 1000) + `")`,
		"csv":                         `csvdecode("` + rep("a,", 3000) + `b\n` + rep("x\\n", 100_000) + `")`,
		"distinct":                    `distinct([for i in range(1000): [for j in range(30): i]]...)`,
		"distinct of many":            `distinct(flatten([for a in range(300): [for b in range(100): "${a}-${b}"]]))`,
		"matchkeys":                   `matchkeys(split("", ` + long + `), split("", ` + long + `), split("", ` + long + `))`,
		"transpose":                   `transpose({for i in range(1000): i => [for j in range(1000): j]})`,
		"splats":                      `[for i in range(1000): [for j in range(1000): [{a = i}][*].a]]`,
		"conditional of shapes":       `true ? [for i in range(1000): {for j in range(20): "k${i}-${j}" => j}] : []`,
		"coalesce of shapes":          `coalescelist([for i in range(1000): {for j in range(20): "k${i}-${j}" => j}], [1])`,
		"set of shapes":               `setunion([for i in range(1000): {for j in range(20): "k${i}-${j}" => j}], [1])`,
		"shapes under one name":       `lookup({for i in range(1000): i => {for j in range(20): "k${i}-${j}" => j}}, "a", 1)`,
		"merge":                       `merge([for i in range(1000): {for j in range(1000): "${i}-${j}" => j}]...)`,
		"zip":                         `[for i in range(1000): zipmap([for j in range(1000): "k${j}"], range(1000))]`,
		"objects of different shapes": `tolist([for i in range(1000): {for j in range(20): "k${i}-${j}" => j}])`,
		"fileset":                     `[for i in range(1000): fileset("/", "*/*/*/*/*")]`,
		"fileset of alternatives":     `fileset(".", "` + rep("{a,b}", 40) + `")`,
		"files":                       `[for i in range(1000): [for j in range(1000): fileexists("none")]]`,
		"gunzip":                      `[for i in range(1000): base64gunzip("` + zeros + `")]`,
		"gunzip in try":               `[for i in range(1000): try(base64gunzip("` + zeros + `X"), i)]`,
		"bcrypt":                      `[for i in range(1000): bcrypt("${i}")]`,
		"bcrypt of a high cost":       `[for i in range(1000): bcrypt("${i}", 12)]`,
		"gzip":                        `[for i in range(1000): base64gzip(` + long + `)]`,
		"hashes":                      `[for i in range(1000): sha512("${i}${` + long + `}")]`,
		"quotes":                      `[for i in range(1000): shellquote(split("", ` + long + `))]`,
		"strrev":                      `[for i in range(1000): strrev(` + long + `)]`,
		"try of loops":                `try([for a in range(1000): [for b in range(1000): [for c in range(1000): a]]], 1)`,
		"lookups":                     `[for i in range(1000): lookup({for j in range(1000): j => j}, i, 0)]`,
		"sort":                        `[for i in range(1000): sort([for j in range(1000): "${1000 - j}"])]`,
	}
}

// compressed is n zero bytes, in gzip and base64.
func compressed(n int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, n)); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// A bomb ends in a diagnostic within a second and 256 MB: measured in a process
// of its own, as what the evaluation alone takes from the processor.
func TestBombsAreCheap(t *testing.T) {
	file := os.Getenv("FLEET_TEST_BOMB")
	if file != "" {
		setOff(file)
		return
	}
	const memory = 256 << 20
	limit := time.Second * slowness
	template := t.TempDir() + "/loops.tmpl"
	text := "%{for a in range(n)}%{for b in range(n)}%{for c in range(n)}x%{endfor}%{endfor}%{endfor}"
	if err := os.WriteFile(template, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all := bombs()
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i%slowness != 0 {
			continue // under the race detector, a few tell that all is well
		}
		expr := all[name]
		t.Run(name, func(t *testing.T) {
			file := t.TempDir() + "/a.fleet.hcl"
			src := local(strings.ReplaceAll(expr, `"N"`, strconv.Quote(template)))
			if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
				t.Fatal(err)
			}
			out, took, peak := explode(t, file)
			for range 2 { // what else goes on in the machine is not to blame
				if took <= limit {
					break
				}
				out, took, peak = explode(t, file)
			}
			t.Logf("%v, %d MB: %.200s", took, peak>>20, out)
			if !strings.Contains(out, "DIAGNOSTIC") {
				t.Errorf("no diagnostic: %.500s", out)
			}
			if took > limit {
				t.Errorf("took %v, more than %v", took, limit)
			}
			if slowness == 1 && peak > memory {
				t.Errorf("took %d MB, more than %d", peak>>20, memory>>20)
			}
		})
	}
}

// explode loads a project in another process, and measures the time it takes from
// the processor, and its largest size.
func explode(t *testing.T, file string) (out string, took time.Duration, peak int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBombsAreCheap$")
	cmd.Env = append(os.Environ(), "FLEET_TEST_BOMB="+file)
	text, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peakMemory(cmd.ProcessState)
}

// setOff loads a project and prints what was found.
func setOff(file string) {
	p, all := Parse([]string{file})
	_, diags := p.Decode()
	all = append(all, diags...)
	_, diags = p.NewScope(Inputs{LookupEnv: noEnv})
	if err := p.Diagnostics(append(all, diags...)).Err(); err != nil {
		fmt.Printf("DIAGNOSTIC %.300s\n", err)
	}
}

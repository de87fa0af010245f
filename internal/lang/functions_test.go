package lang

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// The expected values are those of the examples in Terraform's documentation,
// where there are any.
func functionCases() []struct{ expr, want string } {
	return []struct{ expr, want string }{
		{`basename("foo/bar/baz.txt")`, `"baz.txt"`},
		{`dirname("foo/bar/baz.txt")`, `"foo/bar"`},
		{`pathexpand("~/x") != "~/x"`, `true`},
		{`pathexpand("/etc/~")`, `"/etc/~"`},
		{`base64decode("SGVsbG8gV29ybGQ=")`, `"Hello World"`},
		{`base64decode("//4=")`, `Invalid function argument: Invalid value for "str" parameter: what it stands for is no UTF-8 text; textdecodebase64 knows other encodings.`},
		{`base64gzip("a") == base64gzip("a")`, `true`},
		{`base64gunzip(base64gzip("hello"))`, `"hello"`},
		{`base64gunzip("H4sIAAAAAAAA/8pIzcnJVyjPL8pJAQQAAP//hRFKDQsAAAA=")`, `"hello world"`},
		{`base64gunzip("%")`, `Invalid function argument: Invalid value for "str" parameter: it is no base64.`},
		{`base64gunzip("YQ==")`, `Invalid function argument: Invalid value for "str" parameter: what it stands for is not compressed with gzip.`},
		{`base64gunzip(substr(base64gzip("hello"), 0, 24))`, `Invalid function argument: Invalid value for "str" parameter: what it stands for is damaged.`},
		{`bcrypt("x", 13)`, `Invalid function argument: Invalid value for "cost" parameter: the cost must be a whole number from 4 to 12; 10 is usual.`},
		{`bcrypt("x", 4.5)`, `Invalid function argument: Invalid value for "cost" parameter: the cost must be a whole number from 4 to 12; 10 is usual.`},
		{`bcrypt("x", 4, 5)`, `Invalid function argument: Invalid value for "cost" parameter: there is nothing more after the cost.`},
		{`bcrypt(join("", range(50)), 4)`, `Invalid function argument: Invalid value for "str" parameter: bcrypt takes texts of up to 72 bytes.`},
		{`substr(bcrypt("x", 4), 0, 7)`, `"$2a$04$"`},
		{`rsadecrypt("%", "x")`, `Invalid function argument: Invalid value for "ciphertext" parameter: it is no base64.`},
		{`base64sha256("hello world")`, `"uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="`},
		{`substr(base64sha512("hello world"), 0, 10)`, `"MJ7MSJwS1u"`},
		{`ceil(5.1)`, `6`},
		{`floor(4.9)`, `4`},
		{`log(16, 2)`, `4`},
		{`max(5, 12, 9)`, `12`},
		{`min(5, 12, 9)`, `5`},
		{`pow(3, 2)`, `9`},
		{`signum(-13)`, `-1`},
		{`parseint("100", 10)`, `100`},
		{`chomp("hello\n")`, `"hello"`},
		{`chunklist(["a", "b", "c"], 2)`, `[["a","b"],["c"]]`},
		{`cidrcontains("10.0.0.0/8", "10.1.2.3")`, `true`},
		{`cidrcontains("10.0.0.0/8", "10.0.0.0/7")`, `false`},
		{`cidrcontains("fd00::/8", "fd12::/16")`, `true`},
		{`cidrcontains("x", "10.0.0.1")`, `Invalid function argument: Invalid value for "containing_prefix" parameter: "x" is no network such as 10.0.0.0/8.`},
		{`cidrhost("10.12.112.0/20", 16)`, `"10.12.112.16"`},
		{`cidrnetmask("172.16.0.0/12")`, `"255.240.0.0"`},
		{`cidrsubnet("172.16.0.0/12", 4, 2)`, `"172.18.0.0/16"`},
		{`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`, `["10.1.0.0/20","10.1.16.0/20","10.1.32.0/24","10.1.48.0/20"]`},
		{`coalesce("", "b")`, `"b"`},
		{`coalesce(null, 2)`, `2`},
		{`coalesce("", null)`, `Error in function call: Call to function "coalesce" failed: all arguments are null or empty.`},
		{`coalescelist([], ["c", "d"])`, `["c","d"]`},
		{`compact(["a", "", "b", null])`, `["a","b"]`},
		{`concat(["a", ""], ["b", "c"])`, `["a","","b","c"]`},
		{`contains(["a", "b", "c"], "a")`, `true`},
		{`csvdecode("a,b\n1,2\n")`, `[{"a":"1","b":"2"}]`},
		{`element(["a", "b", "c"], 3)`, `"a"`},
		{`endswith("hello world", "world")`, `true`},
		{`startswith("hello world", "world")`, `false`},
		{`formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")`, `"02 Jan 2018 23:12 UTC"`},
		{`timeadd("2017-11-22T00:00:00Z", "10m")`, `"2017-11-22T00:10:00Z"`},
		{`timecmp("2017-11-22T00:00:00Z", "2017-11-22T01:00:00Z")`, `-1`},
		{`timecmp("2017-11-22T01:00:00Z", "2017-11-22T00:00:00-01:00")`, `0`},
		{`timestamp()`, `"2026-01-02T03:04:05Z"`},
		{`plantimestamp()`, `"2026-01-02T03:04:05Z"`},
		{`index(["a", "b", "c"], "b")`, `1`},
		{`index([1], 2)`, `Error in function call: Call to function "index" failed: the list does not have this value.`},
		{`issensitive("a")`, `false`},
		{`issensitive(var.pw)`, `true`},
		{`keys({a = 1, c = 2})`, `["a","c"]`},
		{`values({a = 3, c = 2})`, `[3,2]`},
		{`lower("HELLO")`, `"hello"`},
		{`upper("hello")`, `"HELLO"`},
		{`title("hello world")`, `"Hello World"`},
		{`matchkeys(["i-1", "i-2", "i-3"], ["w", "e", "w"], ["w"])`, `["i-1","i-3"]`},
		{`matchkeys(["a"], ["x"], ["y"])`, `[]`},
		{`matchkeys(["a"], [1], ["1"])`, `["a"]`},
		{`md5("hello world")`, `"5eb63bbbe01eeed093cb22bb8f5acdc3"`},
		{`sha1("hello world")`, `"2aae6c35c94fcfb415dbe95f408b9ce91ee846ed"`},
		{`substr(sha512("hello world"), 0, 8)`, `"309ecc48"`},
		{`merge({a = "b", c = "d"}, {e = "f", c = "z"})`, `{"a":"b","c":"z","e":"f"}`},
		{`one({a = 1})`, `Error in function call: Call to function "one" failed: a list of no or one element is required.`},
		{`regex("[a-z]+", "53453453.345345aaabbbccc23454")`, `"aaabbbccc"`},
		{`regexall("[a-z]+", "1234abcd5678efgh9")`, `["abcd","efgh"]`},
		{`reverse([1, 2, 3])`, `[3,2,1]`},
		{`slice(["a", "b", "c", "d"], 1, 3)`, `["b","c"]`},
		{`sort(["e", "d", "a"])`, `["a","d","e"]`},
		{`setintersection(["a", "b"], ["b", "c"])`, `["b"]`},
		{`setsubtract(["a", "b", "c"], ["a", "c"])`, `["b"]`},
		{`setsymmetricdifference(["a", "b"], ["b", "c"])`, `["a","c"]`},
		{`setunion(["a"], ["b"])`, `["a","b"]`},
		{`strrev("hello")`, `"olleh"`},
		{`strlen("héé")`, `3`},
		{`substr("hello world", 1, 4)`, `"ello"`},
		{`sum([])`, `Error in function call: Call to function "sum" failed: there is no sum of an empty list.`},
		{`textencodebase64("Hello", "UTF-16LE")`, `"SABlAGwAbABvAA=="`},
		{`textdecodebase64("SABlAGwAbABvAA==", "UTF-16LE")`, `"Hello"`},
		{`textencodebase64("Hello", "klingon")`, `Invalid function argument: Invalid value for "encoding" parameter: "klingon" is no encoding that is known here; try UTF-16LE or ISO-8859-1.`},
		{`tobool("true")`, `true`},
		{`tonumber("1")`, `1`},
		{`tostring(1)`, `"1"`},
		{`tomap({a = 1})`, `{"a":1}`},
		{`toset(["c", "b", "b"])`, `["b","c"]`},
		{`transpose({a = ["1", "2"], b = ["2", "3"]})`, `{"1":["a"],"2":["a","b"],"3":["b"]}`},
		{`trim("?!hello?!", "!?")`, `"hello"`},
		{`trimprefix("helloworld", "hello")`, `"world"`},
		{`trimspace("  hello\n\n")`, `"hello"`},
		{`trimsuffix("helloworld", "world")`, `"hello"`},
		{`type({a = [1], b = var.pw})`, `"object({a=tuple([number]),b=string})"`},
		{`urlencode("Hello World!")`, `"Hello+World%21"`},
		{`urldecode("Hello+World%21")`, `"Hello World!"`},
		{`length(uuid())`, `36`},
		{`uuidv5("dns", "www.terraform.io")`, `"a5008fae-b28c-5ba5-96cd-82b4c53552d6"`},
		{`yamldecode("hello: world\nm: [1, true, null]\nk: &a {x: 1}\nl: *a")`, `{"hello":"world","k":{"x":1},"l":{"x":1},"m":[1,true,null]}`},
		{`yamldecode("a: &a [*a]")`, `Invalid function argument: Invalid value for "src" parameter: cannot refer to anchor "a" from inside its own definition.`},
		{`yamlencode({a = "b", c = ["d"]})`, `"\"a\": \"b\"\n\"c\":\n- \"d\"\n"`},
		{`zipmap(["a", "b"], [1, 2])`, `{"a":1,"b":2}`},

		{`abspath("hello.txt") == "${path.cwd}/testdata/files/hello.txt"`, `true`},
		{`file("hello.txt")`, `"hello\n"`},
		{`file("${path.module}/hello.txt")`, `"hello\n"`},
		{`file("../files/hello.txt")`, `"hello\n"`},
		{`file("none.txt")`, `Invalid function argument: Invalid value for "path" parameter: cannot read "testdata/files/none.txt": no such file or directory.`},
		{`file("conf.d")`, `Invalid function argument: Invalid value for "path" parameter: "testdata/files/conf.d" is a folder.`},
		{`file("/dev/null")`, `Invalid function argument: Invalid value for "path" parameter: "/dev/null" is not a regular file.`},
		{`file("binary.bin")`, `Invalid function argument: Invalid value for "path" parameter: "testdata/files/binary.bin" is not valid UTF-8; filebase64 reads any file.`},
		{`filebase64("binary.bin")`, `"//4="`},
		{`fileexists("hello.txt")`, `true`},
		{`fileexists("none.txt")`, `false`},
		{`fileexists("conf.d")`, `Invalid function argument: Invalid value for "path" parameter: "testdata/files/conf.d" is a folder, not a file.`},
		{`fileset(path.module, "conf.d/*.conf")`, `["conf.d/a.conf","conf.d/b.conf"]`},
		{`fileset(".", "**/a.*")`, `["conf.d/a.conf"]`},
		{`fileset(".", "*.none")`, `[]`},
		{`fileset(".", "../*")`, `Invalid function argument: Invalid value for "pattern" parameter: the pattern counts from the folder and must stay in it: "*.conf", not "/etc/*.conf" or "../*.conf".`},
		{`filemd5("hello.txt")`, `"b1946ac92492d2347c6235b4d2611184"`},
		{`filesha1("hello.txt")`, `"f572d396fae9206628714fb2ce00f72e94f2258f"`},
		{`filesha256("hello.txt") == sha256(file("hello.txt"))`, `true`},
		{`filesha512("hello.txt") == sha512(file("hello.txt"))`, `true`},
		{`filebase64sha256("hello.txt") == base64sha256("hello\n")`, `true`},
		{`filebase64sha512("hello.txt") == base64sha512("hello\n")`, `true`},
		{`templatefile("app.tmpl", { port = 80, users = ["a", "b"] })`, `"listen 80\nuser a\nuser b\n"`},
		{`templatefile("include.tmpl", {})`, `"hello\n"`},
		{`templatefile("again.tmpl", {})`, `Error in function call: Call to function "templatefile" failed: testdata/files/again.tmpl:1,3: Unknown function: There is no function "templatefile".`},
		{`templatefile("missing.tmpl", {mising = 1})`, `Error in function call: Call to function "templatefile" failed: testdata/files/missing.tmpl:1,5: there is no "missing" among the vars that the template is given; did you mean "mising".`},
		{`templatefile("app.tmpl", "x")`, `Invalid function argument: Invalid value for "vars" parameter: an object is required, with what the template refers to.`},
		{`templatestring("hello $${name}", { name = "you" })`, `"hello you"`},

		{`env("PRESENT")`, `"here"`},
		{`env("ABSENT")`, `null`},
		{`coalesce(env("ABSENT"), "other")`, `"other"`},
		{`fold(["web1", "web2"])`, `"web1+web2"`},
		{`hosts("@web")`, `["web1","web2"]`},
		{`host("web1").name`, `"web1"`},
		{`hosts("@db")`, `Invalid function argument: Invalid value for "pattern" parameter: there is no group "db".`},
		{`shellquote("a b")`, `"'a b'"`},
		{`shellquote("it's")`, `"'it'\\''s'"`},
		{`shellquote("")`, `"''"`},
		{`shellquote("/a-b_c.d:1")`, `"/a-b_c.d:1"`},
		{`shellquote("~")`, `"'~'"`},
		{`shellquote(["a", "b c", 1, true])`, `"a 'b c' 1 true"`},
		{`shellquote([])`, `""`},
		{`shellquote("a\nb")`, `"'a\nb'"`},
		{`shellquote(null)`, `Invalid function argument: Invalid value for "value" parameter: argument must not be null.`},
		{`shellquote([[1]])`, `Invalid function argument: Invalid value for "value" parameter: a text, a number, a bool or a list of them is required.`},
		{`try(file("none"), "none")`, `"none"`},
		{`can(file("none"))`, `false`},
		{`nonsensitive(var.pw)`, `"x"`},
		{`nonsensitive(sensitive(1))`, `1`},
	}
}

// filesScope is a scope whose expressions stand in testdata/files.
func filesScope(t testing.TB) (*Scope, func(src string) string) {
	t.Helper()
	s := scopeOf(t, "variable \"pw\" {\n default = \"x\"\n sensitive = true\n}\n", Inputs{
		LookupEnv: func(name string) (string, bool) { return "here", name == "PRESENT" },
		Now:       func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Fold:      func(names []string) string { return strings.Join(names, "+") },
	}).WithFleet(webFleet{})
	return s, func(src string) string {
		e, diags := parseExpression([]byte(src), "testdata/files/expr", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", src, diags)
		}
		return evaluated(t, s, e)
	}
}

type webFleet struct{}

func (webFleet) Hosts(pattern string) ([]string, error) {
	if pattern != "@web" {
		return nil, fmt.Errorf("there is no group %q", strings.TrimPrefix(pattern, "@"))
	}
	return []string{"web1", "web2"}, nil
}

func (webFleet) Host(name string) (cty.Value, error) {
	if name != "web1" {
		return cty.NilVal, errors.New("no such host")
	}
	return cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name)}), nil
}

func TestFunctionsMeanWhatTheyMeanInTerraform(t *testing.T) {
	_, eval := filesScope(t)
	for _, tt := range functionCases() {
		if got := eval(tt.expr); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.expr, got, tt.want)
		}
	}
}

func TestEveryFunctionIsTested(t *testing.T) {
	src, err := os.ReadFile("lang_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tested := string(src)
	for _, tt := range functionCases() {
		tested += tt.expr + "\n"
	}
	for name := range newTable().functions {
		if !regexp.MustCompile(`\b` + name + `\(`).MatchString(tested) {
			t.Errorf("%s has no case", name)
		}
	}
}

func TestEveryFunctionIsInTheManual(t *testing.T) {
	page, err := os.ReadFile("../../docs/functions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "## All functions")
	list, _, _ = strings.Cut(list, "Not there")
	var listed []string
	for _, m := range regexp.MustCompile("`([a-z0-9]+)`").FindAllStringSubmatch(list, -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	if want := Functions(); !slices.Equal(listed, want) {
		t.Errorf("listed are %q, but there are %q", listed, want)
	}
}

// A function that lost a mark would show a secret.
func TestMarksTravelThroughEveryFunction(t *testing.T) {
	// Each has the sensitive value M in the place from which the result is made.
	exprs := strings.Split(strings.TrimSpace(`
abs(N) abspath(M) alltrue([B]) anytrue([B]) base64decode("YWJjZA==${E}") base64encode(M) base64gunzip(sensitive(base64gzip("abcd"))) base64gzip(M) base64sha256(M) base64sha512(M) basename(M) bcrypt(M,4)
ceil(N) chomp(M) chunklist([M],1) cidrcontains("10.0.0.0/8","10.0.0.${N}") cidrhost("10.0.0.0/8",N) cidrnetmask("10.0.0.0/${N}") cidrsubnet("10.0.0.0/8",N,0) cidrsubnets("10.0.0.0/8",N)
coalesce(M,"a") coalesce("",M) coalescelist([M],["a"]) compact([M]) concat([M],["a"]) contains(["a"],M) contains([M],"a") csvdecode("a,b\n${M},1") dirname(M) distinct([M,"a"])
element([M],0) element(["a"],N) endswith(M,"a") env(M) file("hello${E}.txt") filebase64("hello${E}.txt") filebase64sha256("hello${E}.txt") filebase64sha512("hello${E}.txt")
fileexists("hello${E}.txt") filemd5("hello${E}.txt") fileset(".","*${E}") filesha1("hello${E}.txt") filesha256("hello${E}.txt") filesha512("hello${E}.txt")
flatten([[M]]) floor(N) fold([M]) format("%s",M) format(M) formatdate("YYYY${E}","2018-01-02T23:12:01Z") formatlist("%s",[M]) host("web1${E}") hosts("@web${E}") indent(2,M) index([M],"abcd") join(",",[M]) jsondecode("\"${M}\"") jsonencode([M])
keys({(M)=1}) keys(sensitive({a=1})) length(M) log(N,2) lookup({a=M},"a","b") lookup({abcd=1},M,2) lower(M) matchkeys([M],["a"],["a"]) matchkeys(["a"],[M],["a"]) max(N,1) md5(M) merge({a=M},{}) merge(sensitive({a=1}),{}) min(N,1)
one([M]) parseint(D,10) pathexpand(M) pow(N,2) range(N) regex("[a-z]*",M) regexall("[a-z]",M) replace(M,"a","b") replace("abc","a",M) reverse([M]) rsadecrypt(CIPHERTEXT,KEY) sensitive("a")
setintersection([M],["abcd"]) setproduct([M],["a"]) setsubtract([M],["a"]) setsymmetricdifference([M],["a"]) setunion([M],["a"]) sha1(M) sha256(M) sha512(M) shellquote(M) shellquote([M]) signum(N) slice([M],0,1) sort([M]) split(",",M) startswith(M,"a") strcontains(M,"a") strlen(M) strrev(M) substr(M,0,1) sum([N])
templatefile("app.tmpl",{port=M,users=[]}) templatefile("app.tmpl",{port=1,users=[M]}) templatefile("hello${E}.txt",{}) templatestring("$${a}",{a=M}) templatestring(M,{}) textdecodebase64("YWJjZA==${E}","UTF-8") textencodebase64(M,"UTF-8")
timeadd("2017-11-22T00:00:00Z","${N}m") timecmp("2017-11-22T00:00:0${N}Z","2017-11-22T00:00:00Z") title(M) tobool(B) tolist([M]) tomap({a=M}) tonumber(D) toset([M]) tostring(M) transpose({a=[M]}) trim(M,"a") trimprefix(M,"a") trimspace(M) trimsuffix(M,"a") try(M,"a")
upper(M) urldecode(M) urlencode(M) uuidv5("dns",M) values({a=M}) yamldecode(M) yamlencode([M]) zipmap(["a"],[M]) zipmap([M],["a"])
`), "\n")
	unmarked := map[string]string{
		"can":           "tells whether, not what; as in Terraform",
		"issensitive":   "is about the mark",
		"nonsensitive":  "takes the mark away",
		"plantimestamp": "has no argument",
		"timestamp":     "has no argument",
		"type":          "is about the type",
		"uuid":          "has no argument",
	}
	s := scopeOf(t, "", Inputs{}).WithFleet(webFleet{})
	values := map[string]cty.Value{
		"M": cty.StringVal("abcd"), "N": cty.NumberIntVal(2), "B": cty.True, "D": cty.StringVal("2"), "E": cty.StringVal(""),
	}
	ciphertext, key := encrypted(t, "abcd")
	values["CIPHERTEXT"] = cty.StringVal(ciphertext)
	values["KEY"] = cty.StringVal(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)))
	for name, v := range values {
		values[name] = v.Mark(Sensitive)
	}
	seen := maps.Clone(unmarked)
	for _, line := range exprs {
		for _, src := range strings.Fields(line) {
			name, _, _ := strings.Cut(src, "(")
			seen[name] = ""
			e, diags := parseExpression([]byte(src), "testdata/files/expr", hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatalf("%s: %v", src, diags)
			}
			ctx := s.ctx.NewChild()
			ctx.Variables = values
			v, diags := s.eval(ctx, e, cty.DynamicPseudoType)
			if diags.HasErrors() {
				t.Errorf("%s: %v", src, diags)
			} else if !IsSensitive(v) {
				t.Errorf("%s: the mark is lost: %#v", src, v)
			}
		}
	}
	for name := range newTable().functions {
		if _, ok := seen[name]; !ok {
			t.Errorf("%s has no case", name)
		}
	}
}

func TestHostsAreUnknownWithoutAFleet(t *testing.T) {
	s := scopeOf(t, "", Inputs{})
	for _, src := range []string{`hosts("all")`, `host("a")`} {
		if got := evaluated(t, s, expression(t, src)); !strings.Contains(got, "the hosts are not known yet") {
			t.Errorf("%s: %s", src, got)
		}
	}
}

func TestPathsCountFromTheFileTheyStandIn(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/a.fleet.hcl":  "locals {\n  a = file(\"x.txt\")\n  b = [path.module, path.root]\n}\n",
		"a/x.txt":        "in a",
		"b/b.fleet.json": `{"locals": {"c": "${file(\"x.txt\")}", "d": "${path.module}"}}`,
		"b/x.txt":        "in b",
	} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	p, all := Parse([]string{filepath.Join(dir, "a"), filepath.Join(dir, "b")})
	_, diags := p.Decode()
	all = append(all, diags...)
	s, diags := p.NewScope(Inputs{LookupEnv: noEnv})
	if all = append(all, diags...); all.HasErrors() {
		t.Fatal(all)
	}
	got := evaluated(t, s, expression(t, "[local.a, local.c, local.b, local.d]"))
	got = strings.ReplaceAll(got, dir, "DIR")
	if want := `["in a","in b",["DIR/a","DIR/a"],"DIR/b"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTemplatesAreKeptByTheirText(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.tmpl")
	s := scopeOf(t, "", Inputs{})
	e := expression(t, fmt.Sprintf("templatefile(%q, {})", name))
	var got []string
	for _, text := range []string{"one", "two", "one"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got = append(got, evaluated(t, s, e))
	}
	if want := []string{`"one"`, `"two"`, `"one"`}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

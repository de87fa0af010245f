package output

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestJUnitHasACaseForEachHost(t *testing.T) {
	s := mixed()
	s[6] = out("web01", "up <3> & \"days\"\x00\xff\x1b[31m\r\n")
	stdout, _ := show(t, s, NewJUnit)
	equal(t, "stdout", stdout, `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="fleet" tests="6" failures="1" errors="1" skipped="1" time="2.500">
<testcase classname="fleet" name="web01" time="1.500">
<system-out>up &lt;3&gt; &amp; &#34;days&#34;���[31m&#xD;
</system-out>
</testcase>
<testcase classname="fleet" name="web02" time="1.500">
<system-out>up 3 days
</system-out>
</testcase>
<testcase classname="fleet" name="web03" time="1.500">
<failure message="exited with status 3" type="failed"></failure>
<system-out>up 3 days
</system-out>
<system-err>warning: disk
</system-err>
</testcase>
<testcase classname="fleet" name="web04" time="1.500">
<system-out>up 4 days</system-out>
</testcase>
<testcase classname="fleet" name="db01" time="1.500">
<error message="unreachable: dial: dial tcp 10.0.0.8:22: connect: connection refused" type="unreachable">dial: dial tcp 10.0.0.8:22: connect: connection refused
hint: is sshd running there?</error>
</testcase>
<testcase classname="fleet" name="db02" time="1.500">
<skipped/>
</testcase>
</testsuite>
</testsuites>
`)
	for d := xml.NewDecoder(strings.NewReader(stdout)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

package output

import "testing"

func TestLongTextIsWrappedAtSpacesAndThenAtCommas(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"short", "short\n"},
		{"", "\n"},
		{"just as long as room", "just as long as room\n"},
		{"one two three four five six", "one two three four\n  five six\n"},
		{"fits: web[01,03,05,07]", "fits:\n  web[01,03,05,07]\n"},
		{"no: web[01,03,05,07,09,11,13]", "no:\n  web[01,03,05,07,\n  09,11,13]\n"},
		{"a-word-that-is-too-long-for-all and more", "a-word-that-is-too-long-for-all\n  and more\n"},
		{"日本語日本語日本語日 本", "日本語日本語日本語日\n  本\n"},
	} {
		equal(t, tt.text, string(appendWrapped(nil, tt.text, "  ", 21)), tt.want)
	}
}

func TestATableKeepsItsColumnsWhateverNamesAre(t *testing.T) {
	rows := []tableRow{
		{name: "recap", cells: []string{"ok", "slowest"}},
		{name: "step a", cells: []string{"1000", "1.0 s"}, who: "web01"},
		{name: "step with a name that leaves no room", cells: []string{"2", "-"}},
		{name: "step 日本", cells: []string{"3", "1m02s"}, who: "web02"},
	}
	equal(t, "table", string(appendTable(nil, rows, 50)), `recap        ok  slowest
step a     1000    1.0 s  web01
step with a name that leaves no room
              2        -
step 日本     3    1m02s  web02
`)
}

package tasks

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestASizeIsDigitsAndOnePoint(t *testing.T) {
	for text, want := range map[string]Size{
		"3": {N: 3}, "0": {}, "25%": {Percent: 25}, " 12.5% ": {Percent: 12.5}, ".5%": {Percent: .5}, "5.%": {Percent: 5}, "100%": {Percent: 100},
	} {
		if got, err := parseSize(cty.StringVal(text)); err != nil || got != want {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"1_0%", "1e2%", "1E1%", "0x10%", "0x1p3%", "inf%", "NaN%", "+5%", "-5%", "1.2.3%", ".%", "%", "5 %", "٣%",
		"1_0", "1e2", "0x10", "+5", "-5", "1.5", " 3x",
	} {
		if got, err := parseSize(cty.StringVal(text)); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
	if got, err := parseSize(cty.NumberIntVal(7)); err != nil || got != (Size{N: 7}) {
		t.Errorf("7 is %+v, %v", got, err)
	}
}

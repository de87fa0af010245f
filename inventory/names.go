package inventory

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"fleet/inventory/source"
)

// parseAddress takes a DNS name or an IP address, without a port.
func parseAddress(v cty.Value, at hcl.Range) (any, error) {
	text, err := parseText(v, at)
	if err != nil {
		return nil, err
	}
	s := text.(string)
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		s = strings.TrimSuffix(inner, "]")
	}
	if problem := source.CheckHostName(s); problem != "" {
		return nil, fmt.Errorf("is no host name or IP address: %s", problem)
	}
	if strings.ContainsAny(s, "[]:%") {
		if _, err := netip.ParseAddr(s); err != nil {
			return nil, fmt.Errorf("is no host name or IP address; a port goes into connection { port = ... }")
		}
	}
	return s, nil
}

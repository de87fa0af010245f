package pool

import (
	"encoding/binary"
	"reflect"
	"testing"
)

// offerPacket is what a side sends first, with these name lists.
func offerPacket(lists ...string) []byte {
	body := append([]byte{0, 20}, make([]byte, 16)...)
	for _, l := range lists {
		body = append(binary.BigEndian.AppendUint32(body, uint32(len(l))), l...)
	}
	raw := []byte("a text before\r\nSSH-2.0-x\r\n")
	return append(binary.BigEndian.AppendUint32(raw, uint32(len(body))), body...)
}

func TestNegotiationTakesTheFirstOfTheClients(t *testing.T) {
	client := offerPacket("k1,k2,ext-info-c", "h1", "c1,aes128-gcm@openssh.com", "c2", "m1", "m1,m2")
	server := offerPacket("k2,k1,kex-strict-s-v00@openssh.com", "h2", "aes128-gcm@openssh.com", "c1,c2", "m9", "m2,m1")
	want := []Algorithm{
		{"key exchange", []string{"k1", "k2"}, []string{"k2", "k1"}, "k1"},
		{"host key", []string{"h1"}, []string{"h2"}, ""},
		{"cipher to server", []string{"c1", "aes128-gcm@openssh.com"}, []string{"aes128-gcm@openssh.com"}, "aes128-gcm@openssh.com"},
		{"cipher from server", []string{"c2"}, []string{"c1", "c2"}, "c2"},
		{"mac to server", []string{"m1"}, []string{"m9"}, Implicit},
		{"mac from server", []string{"m1", "m2"}, []string{"m2", "m1"}, "m1"},
	}
	if got := negotiate(parseOffer(client), parseOffer(server)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for i := range server {
		if parseOffer(server[:i]) != nil {
			t.Errorf("the first %d of %d bytes are an offer", i, len(server))
		}
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(offerPacket("a,b", "c", "", "d", "e", "f"))
	f.Add([]byte("SSH-2.0-x\n\xff\xff\xff\xff\x00\x14"))
	f.Add([]byte("SSH-2.0-x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if lists := parseOffer(raw); lists != nil && len(lists) != len(offerUses) {
			t.Errorf("%d lists", len(lists))
		}
		if line, ok := versionLine(raw); ok && len(line) < 4 {
			t.Errorf("version %q", line)
		}
	})
}

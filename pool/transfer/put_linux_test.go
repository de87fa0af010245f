package transfer

import (
	"strings"
	"testing"
)

func TestPutTellsOfAFolderThatTakesNothing(t *testing.T) {
	needRoot(t)
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		_, err := h.open(t).Put(t.Context(), text("1"), &PutOptions{Destination: "/proc/sys/new"})
		if err == nil || strings.Contains(err.Error(), "not on the host") || strings.Contains(err.Error(), "sudo") {
			t.Errorf("got %v", err)
		}
	})
}

func TestSystemTellsOfAMountPoint(t *testing.T) {
	needRoot(t)
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		mount(t, h, "mounted", "size=1m", 0)
		r := h.open(t)
		err := r.sys.do(t.Context(), []op{{what: rmdir, path: h.path("mounted")}})
		if err == nil || !strings.Contains(err.Error(), errBusy.Error()) {
			t.Errorf("got %v", err)
		}
	})
}

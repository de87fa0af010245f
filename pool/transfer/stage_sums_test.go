//go:build !windows

package transfer

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestToldSumsTakesWholeLinesAlone(t *testing.T) {
	a, b := Sum(sha256.Sum256([]byte("a"))), Sum(sha256.Sum256([]byte("b")))
	text := fmt.Sprintf("%x  ./0/a\n%x *./0/b c\n", a, b) + // of sha256sum, of openssl
		fmt.Sprintf("\\%x  ./0/with\\\\backslash\n", a) +
		fmt.Sprintf("%x\n%x ./0/x\n%x *0/x\n%s *./0/x\n", a, a, a, strings.Repeat("g", 64)) +
		fmt.Sprintf("\n!\n%x *./0/cut of", a)
	want := map[string]Sum{"/s/0/a": a, "/s/0/b c": b}
	if diff := cmp.Diff(want, toldSums(text, "/s")); diff != "" {
		t.Error(diff)
	}
}

func TestSyncOfManyFilesFindsOneThatArrivedDamaged(t *testing.T) {
	files := map[string]string{"back\\slash": "b", " sp ": "s"}
	for i := range fastFiles {
		files[fmt.Sprintf("d/%d", i)] = fmt.Sprint(i)
	}
	forHosts(t, mainHosts, func(t *testing.T, h *testHost) {
		r := h.open(t)
		source := plant(t, files)
		syncTree(t, r, source+"/", &SyncOptions{Destination: h.path("to")})
		sameTree(t, source, h.local("to"))

		tree := openTree(t, source+"/")
		at := filepath.Join("d", "7")
		for i, e := range tree.entries {
			if e.path == "d/7" {
				if _, err := tree.fileSums(t.Context()); err != nil {
					t.Fatal(err)
				}
				tree.sums[i][0] ^= 1 // as if it were changed on its way
			}
		}
		_, err := r.Sync(t.Context(), tree, &SyncOptions{Destination: h.path("other")})
		if err == nil || !strings.Contains(err.Error(), at) || !strings.Contains(err.Error(), "is not what") {
			t.Errorf("got %v, want %q refused", err, at)
		}
		nothingLeft(t, h.local("."))
	})
}

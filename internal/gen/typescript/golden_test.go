package typescript

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/contract"
)

var update = flag.Bool("update", false, "write the golden files")

func TestRichSchemasGiveThisFile(t *testing.T) {
	client := generate(t, filepath.Join("testdata", "rich", "schemas"))
	golden := filepath.Join("testdata", "rich", "client.ts")
	if *update {
		if err := os.WriteFile(golden, client.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(client.Text) != string(want) {
		t.Errorf("%s is not what is generated now; look at the difference, then go test ./internal/gen/typescript -update", golden)
	}
}

func generate(t *testing.T, dir string) *Client {
	t.Helper()
	c, err := contract.Load(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	client, err := Generate(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

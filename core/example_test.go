package core_test

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/sallyport/sallyport/core"
)

type SaveArgs struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

type Note struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

// A whole app. Beside it lie sallyport.json, the schemas of notes.save, a
// capability file that allows it, a hook and a page.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	app, err := core.New(core.Config{Files: os.DirFS(".")})
	if err != nil {
		log.Fatal(err)
	}
	core.Command(app, "notes.save", func(ctx context.Context, a SaveArgs) (Note, error) {
		folder, err := os.OpenRoot(filepath.Join(app.Variables()["$APPDATA"], "notes"))
		if err != nil {
			return Note{}, err
		}
		defer folder.Close()
		return Note{a.Name, len(a.Text)}, folder.WriteFile(a.Name, []byte(a.Text), 0o600)
	})
	if err := app.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

// The same app under two hosts of a server that exists already.
func ExampleApp_Start() {
	app, err := core.New(core.Config{
		Files:       os.DirFS("."),
		FrameOrigin: "https://frame.notes.example",
		Origins:     map[string]string{"main": "https://notes.example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
	defer app.Shutdown(context.Background())
	mux := http.NewServeMux()
	mux.Handle("notes.example/", app.PageHandler())
	mux.Handle("frame.notes.example/", app.FrameHandler())
	log.Fatal(http.ListenAndServeTLS(":443", "cert.pem", "key.pem", mux))
}

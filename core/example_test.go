package core_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

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

// An app that tells its pages what has changed, and hears it from them.
func ExampleEvent() {
	app, err := core.New(core.Config{Files: os.DirFS(".")})
	if err != nil {
		log.Fatal(err)
	}
	type Changed struct {
		Name string `json:"name"`
	}
	changed := core.Event[Changed](app, "notes.changed")
	core.Command(app, "notes.save", func(ctx context.Context, a SaveArgs) (Note, error) {
		// … save it …
		return Note{a.Name, len(a.Text)}, changed.Emit(Changed{a.Name})
	})
	changed.Listen(func(ctx context.Context, r core.Received[Changed]) {
		log.Printf("%s changed, says window %q", r.Payload.Name, r.Window) // "" is the core itself
	})
	if err := app.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// What an event does where a listener is too slow.
func ExampleEventOptions() {
	app, err := core.New(core.Config{Files: os.DirFS(".")})
	if err != nil {
		log.Fatal(err)
	}
	type Changed struct {
		Name string `json:"name"`
	}
	core.Event[Changed](app, "notes.progress")                                               // the oldest make room
	core.Event[Changed](app, "notes.log", core.EventOptions{Overflow: core.DropNewest})      // the newest goes
	core.Event[Changed](app, "notes.exact", core.EventOptions{Overflow: core.CloseListener}) // the listener goes
}

// The same app under two hosts of a server that exists already.
func ExampleApp_Start() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	app, err := core.New(core.Config{
		Files:       os.DirFS("."),
		FrameOrigin: "https://frame.notes.example",
		Origins:     map[string]string{"main": "https://notes.example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	// … register commands …
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
	pages, frames := app.PageHandler(), app.FrameHandler()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Host {
			case "notes.example":
				pages.ServeHTTP(w, r)
			case "frame.notes.example":
				frames.ServeHTTP(w, r)
			default: // your own hosts
				http.NotFound(w, r)
			}
		}),
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  time.Minute,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               16 << 10,
		DisableGeneralOptionsHandler: true,
	}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServeTLS("cert.pem", "key.pem") }()
	select {
	case <-ctx.Done():
	case err := <-served:
		log.Print(err)
	}
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// The app first: a server knows nothing of WebSockets.
	if err := errors.Join(app.Shutdown(end), server.Shutdown(end)); err != nil {
		log.Print(err)
	}
}

type Export struct {
	Name string `json:"name"`
}

// A file of any size, to a page that saves it. The page calls
// stream("notes.export", { name }) and reads what its readable brings.
func ExampleStream() {
	app, err := core.New(core.Config{Files: os.DirFS(".")})
	if err != nil {
		log.Fatal(err)
	}
	core.Stream(app, "notes.export", func(ctx context.Context, a Export, s *core.Channel[core.None, []byte]) (struct{}, error) {
		folder, err := os.OpenRoot(filepath.Join(app.Variables()["$APPDATA"], "notes"))
		if err != nil {
			return struct{}{}, err
		}
		defer folder.Close()
		file, err := folder.Open(a.Name)
		if err != nil {
			return struct{}{}, err
		}
		defer file.Close()
		_, err = io.Copy(core.Writer(s), file)
		return struct{}{}, err
	})
}

package isolation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
)

// pages serves the files of one window's page, by exact name and nothing
// else: no listings, no dotfiles, no source maps (but in development), no
// cleaning of paths, no fallback. The set of names is fixed at start, except
// in development, where files may change under a running app.
//
// Host and cookie are the caller's to check; serve checks the rest.
type pages struct {
	files       fs.FS
	folder      string // its name, for errors
	policy      PagePolicy
	development bool
	html        map[string]*htmlPage // by file name
	assets      map[string]string    // file name to content type
}

// A pageFill is what one HTML response has of its own.
type pageFill struct {
	config []byte   // JSON of the page's configuration element
	frame  string   // the frame-src of its policy, "" for none
	own    []string // our own URLs that the page's client connects to
}

// newPages reads the folder. Every HTML file must be one that can work under
// the policy; the first that is not is named with its line.
func newPages(files fs.FS, folder string, policy PagePolicy, development bool) (*pages, error) {
	p := &pages{files: files, folder: folder, policy: policy, development: development, html: map[string]*htmlPage{}, assets: map[string]string{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", p.called(name), err)
		case entry.IsDir():
			if hidden(name) {
				return fs.SkipDir
			}
			return nil
		case !p.servable(name):
			return nil
		case !entry.Type().IsRegular():
			// A link may lead out of the folder, now or later.
			return fmt.Errorf("%s: not a regular file; put a copy there", p.called(name))
		case contentType(name) != htmlType:
			p.assets[name] = contentType(name)
			return nil
		}
		p.html[name], err = p.prepare(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.html["index.html"] == nil {
		return nil, fmt.Errorf("%s is missing at the top of the page folder", p.called("index.html"))
	}
	return p, nil
}

// called is what an author calls a file of the page.
func (p *pages) called(name string) string { return path.Join(p.folder, name) }

func (p *pages) prepare(name string) (*htmlPage, error) {
	f, _, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return prepareHTML(p.called(name), src, p.policy.InsecureInlineStyles || p.policy.InsecureStyleAttributes)
}

// serve answers one request for a file of the page. fill is called once the
// request is known to be a navigation to an HTML file that is there. The
// response is always written, with all headers; the error is a refusal for
// the counters, or what went wrong with a file, for the developer's log.
func (p *pages) serve(w http.ResponseWriter, r *http.Request, fill func() (pageFill, error)) error {
	err := p.answer(w, r, fill)
	if err == nil {
		return nil
	}
	status := http.StatusInternalServerError
	if _, refused := errors.AsType[refusal](err); refused {
		status = statusOf(err)
	}
	refuseOnPage(w, status)
	return err
}

func (p *pages) answer(w http.ResponseWriter, r *http.Request, fill func() (pageFill, error)) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refusedMethod
	}
	name, ok := p.name(r)
	if !ok {
		return refusedPath
	}
	if contentType(name) == htmlType {
		return p.answerHTML(w, r, name, fill)
	}
	// An asset may also be opened as a document, say an image in a new tab.
	// Its policy then is the sandbox.
	err := checkSubresource(r)
	if err == refusedDest || err == refusedMode || err == refusedSite {
		err = checkNavigation(r)
	}
	if err != nil {
		return err
	}
	return p.answerAsset(w, r, name)
}

func (p *pages) answerHTML(w http.ResponseWriter, r *http.Request, name string, fill func() (pageFill, error)) error {
	if err := checkNavigation(r); err != nil {
		return err
	}
	page := p.html[name]
	if p.development {
		var err error
		if page, err = p.prepare(name); err != nil {
			return p.missing(err)
		}
	}
	if r.Method == http.MethodHead {
		setPageHeaders(w.Header(), staticCSP, p.policy.InsecureFeatures)
		w.Header().Set("Content-Type", htmlType)
		return nil
	}
	f, err := fill()
	if err != nil {
		return err
	}
	nonce := newNonce()
	setPageHeaders(w.Header(), pageCSP(p.policy, nonce, f.frame, f.own...), p.policy.InsecureFeatures)
	writeBody(w, htmlType, page.render(nonce, f.config))
	return nil
}

func (p *pages) answerAsset(w http.ResponseWriter, r *http.Request, name string) error {
	f, info, err := p.open(name)
	if err != nil {
		return p.missing(err)
	}
	defer f.Close()
	setPageHeaders(w.Header(), staticCSP, nil)
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	if r.Method == http.MethodGet {
		io.CopyN(w, f, info.Size()) // a shorter file breaks the connection off
	}
	return nil
}

// open opens a regular file of the page that no link led to. newPages refuses
// links, but one may have been put in a file's or a folder's place since. The
// file is opened first and then looked for without following links: whoever
// swaps one in and out for just that moment could as well write the page.
func (p *pages) open(name string) (fs.File, fs.FileInfo, error) {
	f, err := p.files.Open(name)
	if err != nil {
		return nil, nil, err
	}
	opened, err := f.Stat()
	if err == nil && !p.isOwn(name, opened) {
		err = refusedPath
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, opened, nil
}

// isOwn says whether name is opened, a regular file, and not by way of a link.
func (p *pages) isOwn(name string, opened fs.FileInfo) bool {
	for i, c := range name {
		if c != '/' {
			continue
		}
		if folder, err := fs.Lstat(p.files, name[:i]); err != nil || !folder.IsDir() {
			return false
		}
	}
	found, err := fs.Lstat(p.files, name)
	if err != nil || !found.Mode().IsRegular() || !opened.Mode().IsRegular() {
		return false
	}
	onDisk := os.SameFile(opened, opened) // it knows no others
	return !onDisk || os.SameFile(found, opened)
}

// name finds the file that a request's path names, in its one spelling.
func (p *pages) name(r *http.Request) (string, bool) {
	name, ok := strings.CutPrefix(r.URL.Path, "/")
	if !ok || !spelledPlainly(r.URL) {
		return "", false
	}
	if name == "" {
		name = "index.html"
	}
	if p.development {
		return name, fs.ValidPath(name) && name != "." && p.servable(name)
	}
	if _, ok := p.assets[name]; ok {
		return name, true
	}
	return name, p.html[name] != nil
}

// missing takes a file that is not there for a wrong path: in development it
// may have gone, or never have been.
func (p *pages) missing(err error) error {
	if err == refusedPath || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return refusedPath
	}
	return fmt.Errorf("isolation: page: %w", err)
}

func (p *pages) servable(name string) bool {
	return !hidden(name) && (p.development || path.Ext(name) != ".map")
}

// hidden says whether any element of a name begins with a dot: what tools
// leave behind, and our own reserved paths.
func hidden(name string) bool {
	return name != "." && strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

func writeBody(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	io.Copy(w, bytes.NewReader(body))
}

const htmlType = "text/html; charset=utf-8"

// contentType goes by our own table, the same on every machine. What is not
// in it is a download: nosniff forbids to guess.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm":
		return htmlType
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".avif":
		return "image/avif"
	case ".ico":
		return "image/x-icon"
	case ".woff":
		return "font/woff"
	case ".woff2":
		return "font/woff2"
	case ".ttf":
		return "font/ttf"
	case ".otf":
		return "font/otf"
	case ".wasm":
		return "application/wasm"
	case ".mp3":
		return "audio/mpeg"
	case ".ogg":
		return "audio/ogg"
	case ".wav":
		return "audio/wav"
	case ".mp4":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".vtt":
		return "text/vtt; charset=utf-8"
	case ".pdf":
		return "application/pdf"
	}
	return "application/octet-stream"
}

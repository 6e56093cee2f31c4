package browser

import (
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// WriteLaunchFile writes a small document to path that sends its reader to
// address, readable by this user alone. The file must not exist: whoever made
// it first could keep it readable for himself.
func WriteLaunchFile(path, address string) error {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		// The address may hold a token: it is not repeated.
		return fmt.Errorf("browser: the address to open is no http or https URL with a host")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("browser: failed to create the launch file: %w", err)
	}
	// No script: it works whatever the browser thinks of scripts in files.
	_, err = fmt.Fprintf(f, `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=%s"><title>Opening…</title>
`, html.EscapeString(address))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("browser: failed to write the launch file: %w", err)
	}
	return nil
}

// fileURL is the file: address of a path.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

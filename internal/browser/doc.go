// Package browser starts an installed Chromium or Firefox on one page and
// leaves nothing of it behind: the browser gets a private, empty profile, its
// own process group and no file descriptor of ours, and all three are gone
// after [Process.Close].
//
// The address of a page may hold a launch token. It is handed over in a file
// that only this user can read, never on the command line, which every user
// of a machine can list.
package browser

// Package browser starts an installed Chromium or Firefox on one page and
// leaves nothing of it behind: the browser gets a private, empty profile, its
// own process group and no file descriptor of ours, and all three are gone
// after [Process.Close].
//
// The address of a page may hold a launch token, so a browser is given a file
// to open that only this user can read, and never the address itself: every
// user of a machine can list command lines.
package browser

// Package soak keeps a whole app and real pages busy with everything at once,
// disturbs them, and counts. It has no code to import.
//
// Three windows of one Chromium call, emit, listen and stream both ways, abort,
// time out and hold resources, while sockets drop, stall and are refused,
// requests of the relay are lost, and one of the windows is reloaded and left.
// Every few seconds all comes to rest, and then these must agree: what the
// pages asked for, what they were told, which handlers ran, and the record.
// None is lost or doubled. Memory is measured at the same moments, in the core
// and, by the DevTools protocol, in pages and frames.
//
// TestSoak takes 5 seconds. SOAK=10m go test -timeout 15m -v ./internal/soak
// (make soak) is the real thing.
package soak

package schema

import "strings"

// A Side says which of the schemas of one name is meant. The zero Side is none.
type Side uint8

// The sides of a contract. Those of a command are its input, its output, and the items of the
// streams that may go with a call; an event has one side.
const (
	Input   Side = 1 + iota // what a command takes: <command>.input.json
	Output                  // what it returns: <command>.output.json
	Event                   // what an event carries: <event>.event.json
	Channel                 // one item that a command streams to the page: <command>.channel.json
	Upload                  // one item that the page streams to a command: <command>.upload.json
)

// Sides are all of them, in order.
func Sides() []Side { return []Side{Input, Output, Event, Channel, Upload} }

// String is the side's name as file names have it, for instance "input".
func (s Side) String() string {
	switch s {
	case Input:
		return "input"
	case Output:
		return "output"
	case Event:
		return "event"
	case Channel:
		return "channel"
	case Upload:
		return "upload"
	}
	return "none"
}

// FileName is the base name of the file that holds that side's schema for a name.
func (s Side) FileName(name string) string { return name + "." + s.String() + ".json" }

// splitName takes a file's base name apart; ok is false for files that aren't ours.
func splitName(base string) (name string, side Side, ok bool) {
	for _, side := range Sides() {
		if name, ok := strings.CutSuffix(base, side.FileName("")); ok {
			return name, side, true
		}
	}
	return "", 0, false
}

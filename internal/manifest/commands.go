package manifest

import (
	"bytes"
	"slices"
	"strings"
)

// maxLine is how long a list of commands on one line may make that line.
const maxLine = 100

// SetCommands returns data, a manifest, with its list of commands replaced and
// every other byte as it was. A list that already holds just these commands
// stays as it is written; a missing one is put last.
func SetCommands(file string, data []byte, commands []string) ([]byte, error) {
	m, err := Parse(file, data)
	if err != nil {
		return nil, err
	}
	sorted := slices.Sorted(slices.Values(commands))
	at, given := m.spans["/commands"]
	if given && slices.Equal(m.Commands, sorted) {
		return bytes.Clone(data), nil
	}
	whole := m.spans[""]
	var list, before string
	if given {
		oneLine := bytes.IndexByte(data[at.start:at.end], '\n') < 0
		list = formatCommands(data, at.start, sorted, oneLine)
	} else {
		end := whole.end - 1 // the closing brace
		for end > whole.start && strings.IndexByte(" \t\r\n", data[end-1]) >= 0 {
			end--
		}
		at = span{end, end}
		first := memberStart(data, whole.start)
		if bytes.IndexByte(data[whole.start:first], '\n') >= 0 {
			before = ",\n" + indentAt(data, first) + `"commands": `
			// Formatted as if it stood on the line of the first member.
			list = formatCommands(data, first, sorted, true)
		} else {
			before = `, "commands": `
			list = formatCommands(nil, 0, sorted, true)
		}
	}
	out := make([]byte, 0, len(data)+len(before)+len(list))
	out = append(out, data[:at.start]...)
	out = append(out, before...)
	out = append(out, list...)
	return append(out, data[at.end:]...), nil
}

// formatCommands writes the list on one line if it was so and fits, otherwise
// one command to a line, indented from the line that at is on.
func formatCommands(data []byte, at int, commands []string, oneLine bool) string {
	if len(commands) == 0 {
		return "[]"
	}
	line := `["` + strings.Join(commands, `", "`) + `"]`
	column := at - lineStart(data, at)
	if oneLine && (data == nil || column+len(line) <= maxLine) {
		return line
	}
	indent := indentAt(data, at)
	step := "  "
	if strings.HasPrefix(indent, "\t") {
		step = "\t"
	}
	return "[\n" + indent + step + `"` + strings.Join(commands, "\",\n"+indent+step+"\"") + "\"\n" + indent + "]"
}

func memberStart(data []byte, brace int) int {
	return brace + 1 + bytes.IndexByte(data[brace+1:], '"')
}

func lineStart(data []byte, at int) int { return bytes.LastIndexByte(data[:at], '\n') + 1 }

func indentAt(data []byte, at int) string {
	line := data[lineStart(data, at):at]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

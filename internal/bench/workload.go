package bench

import (
	"fmt"
	"strings"
	"testing/fstest"
)

// A workload is what every contender decides on, as plain data: bench/peers
// reads the same as JSON.
type workload struct {
	Grants []grant `json:"grants"`
	Checks []call  `json:"checks"` // all contenders must agree on these before any is timed
	Hot    []call  `json:"hot"`    // the calls that are timed, in turns, all allowed
}

// A grant lets one window ask for some commands. Without paths nothing else is
// asked; with them the path must fit one, and the size be no greater.
type grant struct {
	Window   string   `json:"window"`
	Origin   string   `json:"origin"`
	Commands []string `json:"commands"`
	Paths    []string `json:"paths,omitempty"` // globs; * stays within a name
	Size     int64    `json:"size,omitempty"`
}

// A call is one question, and its only right answer.
type call struct {
	Window  string `json:"window"`
	Origin  string `json:"origin"`
	Command string `json:"command"`
	Path    string `json:"path"`
	Size    int64  `json:"size"`
	Allowed bool   `json:"allowed"`
}

const (
	pageOrigin = "http://main.localhost:7331"
	maxSize    = 1 << 20
	hotCalls   = 10 // spread over all capabilities, so that who scans them scans half on average
)

func windowOf(i int) string { return fmt.Sprintf("window-%d", i%8) }
func spaceOf(i int) string  { return fmt.Sprintf("space%05d", i) }

// pathsOf are the five globs of one capability.
func pathsOf(space string) []string {
	return []string{
		"/home/user/projects/" + space + "/src/*.go",
		"/home/user/projects/" + space + "/docs/*.md",
		"/home/user/projects/" + space + "/build/report-*.json",
		"/home/user/notes/" + space + "/*.txt",
		"/home/user/media/" + space + "/image-*.png",
	}
}

// newWorkload is n capabilities, each of a namespace of commands in one of
// eight windows: two commands without conditions, and one that wants one of
// five globs and a bounded size.
func newWorkload(n int) workload {
	var w workload
	for i := range n {
		g := grant{Window: windowOf(i), Origin: pageOrigin}
		list, save := g, g
		list.Commands = []string{spaceOf(i) + ".list", spaceOf(i) + ".search"}
		save.Commands = []string{spaceOf(i) + ".save"}
		save.Paths, save.Size = pathsOf(spaceOf(i)), maxSize
		w.Grants = append(w.Grants, list, save)
	}
	for i := range min(hotCalls, n) {
		w.Hot = append(w.Hot, lastGlob(i*n/min(hotCalls, n), "save"))
	}
	for _, i := range []int{0, n / 2, n - 1} {
		w.Checks = append(w.Checks, checksOf(i)...)
	}
	return w
}

// lastGlob is a call that the last of a capability's globs lets through.
func lastGlob(i int, command string) call {
	return call{
		Window: windowOf(i), Origin: pageOrigin, Command: spaceOf(i) + "." + command,
		Path: "/home/user/media/" + spaceOf(i) + "/image-2041.png", Size: 52_480, Allowed: true,
	}
}

// checksOf are calls around the edges of one capability.
func checksOf(i int) []call {
	space, good := spaceOf(i), lastGlob(i, "save")
	with := func(allowed bool, change func(*call)) call {
		c := good
		c.Allowed = allowed
		change(&c)
		return c
	}
	file := func(allowed bool, path string) call { return with(allowed, func(c *call) { c.Path = path }) }
	return []call{
		good,
		file(true, "/home/user/projects/"+space+"/src/main.go"),
		file(true, "/home/user/notes/"+space+"/a.txt"),
		with(true, func(c *call) { c.Size = maxSize }),
		with(true, func(c *call) { c.Command = space + ".list" }),

		with(false, func(c *call) { c.Size = maxSize + 1 }),
		with(false, func(c *call) { c.Command = space + ".delete" }),
		with(false, func(c *call) { c.Window = windowOf(i + 1) }),
		with(false, func(c *call) { c.Window, c.Command = windowOf(i+1), space+".list" }),
		with(false, func(c *call) { c.Origin = "https://elsewhere.example" }),
		file(false, "/home/user/media/"+space+"/image-2041.jpg"),
		file(false, "/home/user/media/"+space+"/raw/image-2041.png"),
		file(false, "/home/user/projects/"+space+"/src/../../../.ssh/main.go"),
		file(false, "/home/user/notes/"+spaceOf(i+1)+"/a.txt"),
		file(false, "/etc/passwd"),
	}
}

// capabilities writes the workload as capability files. Each has one rule more
// than the peers are given: the check of save once more, as export, with a
// function of many answers, which is left to OPA's own evaluation.
func (w workload) capabilities() fstest.MapFS {
	files := make(fstest.MapFS, len(w.Grants)/2)
	for i := 0; i < len(w.Grants); i += 2 {
		files[spaceOf(i/2)+".rego"] = &fstest.MapFile{Data: []byte(capabilityFile(w.Grants[i], w.Grants[i+1]))}
	}
	return files
}

func capabilityFile(list, save grant) string {
	space, _, _ := strings.Cut(save.Commands[0], ".")
	return fmt.Sprintf(`# METADATA
# title: Files of %[1]s
# custom:
#   windows: [%[2]q]
package capability.%[1]s

import data.sallyport.scope

allow if input.command in {%[3]q, %[4]q}

allow if {
	input.command == %[5]q
	some pattern in ["%[6]s"]
	scope.glob(pattern, input.args.path)
	input.args.size <= %[7]d
}

allow if {
	input.command == "%[1]s.export"
	some pattern in ["%[6]s"]
	scope.glob(pattern, input.args.path)
	walk(input.args.size, [[], size])
	size <= %[7]d
}
`, space, save.Window, list.Commands[0], list.Commands[1], save.Commands[0], strings.Join(save.Paths, `", "`), save.Size)
}

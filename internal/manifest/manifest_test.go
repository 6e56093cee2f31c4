package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

const good = `{
  "$schema": "./sallyport.schema.json",
  "version": 1,
  "name": "notes",
  "schemas": "schemas",
  "capabilities": "capabilities",
  "hook": "hook.js",
  "page": "page",
  "windows": [
    {"label": "main"},
    {"label": "editor-2", "title": "Editor", "page": "editor", "carriers": ["direct", "relay"],
     "connect_src": ["https://api.example.org"], "trusted_types": ["vue"], "insecure_inline_styles": true}
  ],
  "commands": ["notes.list", "notes.save"]
}
`

func TestParse(t *testing.T) {
	m, err := Parse(FileName, []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	m.spans, m.data = nil, nil
	want := &Manifest{
		SchemaURL: "./sallyport.schema.json", Version: 1, Name: "notes",
		Schemas: "schemas", Capabilities: "capabilities", Hook: "hook.js", Page: "page",
		Pattern: PatternIsolation,
		Windows: []Window{
			{Label: "main", Title: "notes", Page: "page", Carriers: []string{"direct"}},
			{
				Label: "editor-2", Title: "Editor", Page: "editor", Carriers: []string{"direct", "relay"},
				ConnectSrc: []string{"https://api.example.org"}, TrustedTypes: []string{"vue"}, InsecureInlineStyles: true,
			},
		},
		Commands: []string{"notes.list", "notes.save"},
		file:     FileName,
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
}

// Each case changes the good manifest. Parse and the shipped JSON Schema must
// agree on all but what a schema cannot say.
func TestParseRefusals(t *testing.T) {
	const onlyHere = true // a JSON Schema cannot say this
	tests := []struct {
		name, from, to string
		want           string // "" if it stays good
		onlyHere       bool
	}{
		{"as it is", "", "", "", false},
		{"brownfield without a hook", `"hook": "hook.js"`, `"pattern": "brownfield"`, "", false},
		{"no commands claimed", `"commands": ["notes.list", "notes.save"]`, `"pattern": "isolation"`, "", false},
		{"an empty list of commands", `["notes.list", "notes.save"]`, `[]`, "", false},
		{"a page at the root", `"page": "page"`, `"page": "."`, "", false},

		{"limits of a command", `"version": 1`, `"version": 1, "limits": {"notes.save": {"args_bytes": 1, "result_bytes": 2147483647, "depth": 8, "deadline_ms": 5000}}`, "", false},
		{"limits of no command", `"version": 1`, `"version": 1, "limits": {}`, "", false},
		{"a limit that bounds nothing", `"version": 1`, `"version": 1, "limits": {"notes.save": {}}`, `sallyport.json:3: limits."notes.save": at least one of args_bytes,`, false},
		{"a limit of zero", `"version": 1`, `"version": 1, "limits": {"notes.save": {"depth": 0}}`, `limits."notes.save".depth: a whole number from 1 to 2147483647 was expected; leave the field out for the default`, false},
		{"a negative limit", `"version": 1`, `"version": 1, "limits": {"notes.save": {"args_bytes": -1}}`, `args_bytes: a whole number from 1 to`, false},
		{"a limit beyond all bounds", `"version": 1`, `"version": 1, "limits": {"notes.save": {"deadline_ms": 2147483648}}`, `deadline_ms: a whole number from 1 to`, false},
		{"half a limit", `"version": 1`, `"version": 1, "limits": {"notes.save": {"depth": 1.5}}`, `depth: a whole number from 1 to 2147483647 was expected, got a number that does not fit`, false},
		{"a limit as text", `"version": 1`, `"version": 1, "limits": {"notes.save": {"deadline_ms": "5s"}}`, `deadline_ms: a whole number from 1 to 2147483647 was expected, got a string`, false},
		{"a limit of another name", `"version": 1`, `"version": 1, "limits": {"notes.save": {"size": 1}}`, `there is no such field; expected one of args_bytes, result_bytes, depth, deadline_ms`, false},
		{"limits of what is no command", `"version": 1`, `"version": 1, "limits": {"notes..save": {"depth": 1}}`, `limits: "notes..save" cannot name a command`, false},
		{"limits of a command twice", `"version": 1`, `"version": 1, "limits": {"a": {"depth": 1}, "a": {"depth": 2}}`, `the field is given twice`, onlyHere},
		{"a limit of all commands", `"version": 1`, `"version": 1, "limits": {"depth": 1}`, `limits.depth: an object was expected, got a number`, false},
		{"limits in a list", `"version": 1`, `"version": 1, "limits": [1]`, `limits: an object was expected, got a list`, false},

		{"an unknown field", `"version": 1,`, "\"version\": 1,\n\"colour\": 1,", `sallyport.json:4: colour: there is no such field; expected one of $schema, version,`, false},
		{"an unknown field of a window", `{"label": "main"}`, `{"label": "main", "colour": 1}`, `sallyport.json:10: windows[0].colour: there is no such field; expected one of label,`, false},
		{"a field in another case", `"name"`, `"Name"`, `sallyport.json:4: Name: there is no such field`, false},
		{"a field given twice", `"page": "page",`, "\"page\": \"page\",\n  \"page\": \"other\",", `sallyport.json:9: page: the field is given twice`, onlyHere},
		{"a field given twice by an escape", `"page": "page",`, `"page": "page", "p\u0061ge": "other",`, `sallyport.json:8: page: the field is given twice`, onlyHere},
		{"a field of a window given twice", `{"label": "main"}`, `{"label": "main", "label": "b"}`, `sallyport.json:10: windows[0].label: the field is given twice`, onlyHere},
		{"null", `"hook.js"`, `null`, `sallyport.json:7: hook: null is not a value here; leave the field out instead`, false},
		{"null in a list", `["notes.list",`, `[null,`, `sallyport.json:14: commands[0]: null is not a value here`, false},
		{"a number for a string", `"name": "notes"`, `"name": 7`, `sallyport.json:4: name: a string was expected`, false},
		{"a string for a list", `["vue"]`, `"vue"`, `sallyport.json:12: windows[1].trusted_types: a list of strings was expected, got a string`, false},
		{"a string for a truth", `"insecure_inline_styles": true`, `"insecure_inline_styles": "true"`, `sallyport.json:12: windows[1].insecure_inline_styles: true or false was expected, got a string`, false},
		{"an object for the list of windows", `[
    {"label": "main"},`, `{"a": [
    {"label": "main"},`, `sallyport.json:`, onlyHere},
		{"a window that is a string", `{"label": "main"},`, `"main",`, `sallyport.json:10: windows[0]: an object was expected, got a string`, false},

		{"another version", `"version": 1`, `"version": 2`, `sallyport.json:3: version: the number 1 was expected`, false},
		{"no version", `"version": 1,`, ``, `sallyport.json:1: version: the number 1 was expected`, false},
		{"a version that is no whole number", `"version": 1`, `"version": 1.5`, `sallyport.json:3: version: the number 1 was expected`, false},
		{"no name", `"name": "notes",`, ``, `sallyport.json:1: name: the field is missing`, false},
		{"a name that leaves its folder", `"notes",`, `"../etc",`, `sallyport.json:4: name: "../etc" cannot name an app`, false},
		{"a name that ends in a line break", `"notes",`, `"notes\n",`, `sallyport.json:4: name:`, false},
		{"an empty path of schemas", `"schemas": "schemas"`, `"schemas": ""`, `sallyport.json:5: schemas: "" cannot be used`, false},
		{"a path upward", `"capabilities": "capabilities"`, `"capabilities": "../capabilities"`, `sallyport.json:6: capabilities: "../capabilities" cannot be used; expected a path below`, false},
		{"a path upward in the middle", `"page": "page"`, `"page": "a/../../b"`, `sallyport.json:8: page:`, false},
		{"a path from the root", `"page": "page"`, `"page": "/etc"`, `sallyport.json:8: page:`, false},
		{"a path of Windows", `"page": "page"`, `"page": "C:\\page"`, `sallyport.json:8: page:`, false},
		{"a page of a window upward", `"page": "editor"`, `"page": ".."`, `sallyport.json:11: windows[1].page:`, false},
		{"an empty page of a window", `"page": "editor"`, `"page": ""`, `sallyport.json:11: windows[1].page: "" cannot be used`, false},

		{"no hook", `"hook": "hook.js",`, ``, `sallyport.json:1: hook: the isolation pattern needs a hook`, false},
		{"a hook in brownfield", `"hook": "hook.js"`, `"hook": "hook.js", "pattern": "brownfield"`, `sallyport.json:7: hook: the brownfield pattern has no frame`, false},
		{"an unknown pattern", `"version": 1`, `"version": 1, "pattern": "open"`, `sallyport.json:3: pattern: "isolation" or "brownfield" was expected, got "open"`, false},
		{"an empty pattern", `"version": 1`, `"version": 1, "pattern": ""`, `sallyport.json:3: pattern:`, false},

		{"no windows", good[strings.Index(good, `"windows"`):strings.Index(good, `"commands"`)], ``, `sallyport.json:1: windows: the field is missing`, false},
		{"a label in upper case", `"label": "main"`, `"label": "Main"`, `sallyport.json:10: windows[0].label: "Main" cannot label a window`, false},
		{"a label with a hyphen at its end", `"label": "main"`, `"label": "main-"`, `sallyport.json:10: windows[0].label:`, false},
		{"a label that is Punycode", `"label": "main"`, `"label": "xn--a"`, `sallyport.json:10: windows[0].label:`, false},
		{"a label with a dot", `"label": "main"`, `"label": "a.b"`, `sallyport.json:10: windows[0].label:`, false},
		{"a label that is too long", `"label": "main"`, `"label": "` + strings.Repeat("a", 33) + `"`, `sallyport.json:10: windows[0].label:`, false},
		{"no label", `{"label": "main"}`, `{}`, `sallyport.json:10: windows[0].label: "" cannot label a window`, false},
		{"two windows of one label", `"editor-2"`, `"main"`, `sallyport.json:11: windows[1].label: "main" labels another window already`, onlyHere},
		{"a title with a line break", `"Editor"`, `"Ed\nitor"`, `sallyport.json:11: windows[1].title:`, false},
		{"an unknown carrier", `"relay"`, `"pigeon"`, `sallyport.json:11: windows[1].carriers[1]: "direct" or "relay" was expected, got "pigeon"`, false},
		{"a carrier twice", `"relay"`, `"direct"`, `sallyport.json:11: windows[1].carriers[1]: "direct" is listed twice`, false},
		{"a fallback to direct", `["direct", "relay"]`, `["relay", "direct"]`, `sallyport.json:11: windows[1].carriers[1]: "direct" stands second`, false},
		{"relay alone", `["direct", "relay"]`, `["relay"]`, "", false},
		{"no carriers", `["direct", "relay"]`, `[]`, `sallyport.json:11: windows[1].carriers: "direct", "relay" or both were expected`, false},

		{"a command with a slash", `"notes.list"`, `"notes/list"`, `sallyport.json:14: commands[0]: "notes/list" cannot name a command`, false},
		{"a command upward", `"notes.list"`, `"notes..list"`, `sallyport.json:14: commands[0]:`, false},
		{"a command of 129 bytes", `"notes.list"`, `"` + strings.Repeat("a", 129) + `"`, `sallyport.json:14: commands[0]:`, false},
		{"a command twice", `"notes.list"`, `"notes.save"`, `sallyport.json:14: commands[1]: "notes.save" is listed twice`, false},

		{"a comma too many", `"notes.save"]`, `"notes.save"],`, `sallyport.json:14: not JSON:`, onlyHere},
		{"a comment", `"version": 1,`, `"version": 1, // one`, `sallyport.json:3: not JSON: invalid character '/' at start of value; JSON has no comments`, onlyHere},
		{"a comma too many", `"version": 1,`, `"version": 1, "windows": [{ "label": "a" },
 ],`, `windows: not JSON: invalid character ',' at start of value; no comma follows the last entry`, onlyHere},
		{"two commas", `"version": 1,`, `"version": 1,,`, `sallyport.json:3: not JSON: invalid character ',' at start of value`, onlyHere},
		{"single quotes", `"version": 1,`, `'version': 1,`, `; JSON has double quotes only`, onlyHere},
		{"a comment over lines", `"version": 1,`, "\n/* one\n*/\"version\": 1,", `; JSON has no comments`, onlyHere},
		{"a comment as in a shell", `"version": 1,`, `"version": 1, # one`, `; JSON has no comments`, onlyHere},
		{"a stray slash", `"version": 1,`, `"version": 1 / 1,`, `not JSON: invalid character '/' after`, onlyHere},
		{"not UTF-8", `"Editor"`, "\"Edit\xffor\"", `sallyport.json:11: `, onlyHere},
		{"half a surrogate", `"Editor"`, `"\ud800"`, `sallyport.json:11: `, onlyHere},
	}
	compiled := compileSchema(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := good
			if tt.from != "" {
				if !strings.Contains(good, tt.from) {
					t.Fatalf("the good manifest has no %q", tt.from)
				}
				doc = strings.Replace(good, tt.from, tt.to, 1)
			}
			_, err := Parse(FileName, []byte(doc))
			checkError(t, err, tt.want)
			if tt.onlyHere {
				return
			}
			d := json.NewDecoder(strings.NewReader(doc))
			d.UseNumber()
			var v any
			if err := d.Decode(&v); err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(v); (err == nil) != (tt.want == "") {
				t.Errorf("the JSON Schema says: %v", err)
			}
		})
	}
}

func TestParseWholeFile(t *testing.T) {
	tests := []struct{ name, doc, want string }{
		{"empty", "", "sallyport.json:1: the file is empty"},
		{"only spaces", "\n \n", "sallyport.json:1: the file is empty"},
		{"a list", "[]", "sallyport.json:1: an object was expected, got a list"},
		{"a string", `"a"`, "sallyport.json:1: an object was expected, got a string"},
		{"null", `null`, "sallyport.json:1: null is not a value here"},
		{"cut short", good[:len(good)-20], "sallyport.json:14: "},
		{"two objects", good + "{}", "sallyport.json:16: not JSON: invalid character"},
		{"two objects on one line", strings.TrimSpace(good) + "[1]", "sallyport.json:15: not JSON: invalid character"},
		{"a byte order mark", "\ufeff" + good, `sallyport.json:1: not JSON: invalid character '\ufeff' at start of value; that is a byte order mark: save the file as UTF-8 without one`},
		{"UTF-16", "\xff\xfe{\x00", "; that is a byte order mark: save the file as UTF-8 without one"},
		{"too long", good + strings.Repeat(" ", maxSize), "at most 1048576 were expected"},
		{"nested without end", strings.Repeat(`{"windows":[`, 20000), "sallyport.json:1: nested deeper than the 5 levels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(FileName, []byte(tt.doc))
			checkError(t, err, tt.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "manifest: ") || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v\nwant an error with %s", err, want)
	}
}

func TestLoadAndCheckFiles(t *testing.T) {
	app := func(without string) fstest.MapFS {
		fsys := fstest.MapFS{
			"sallyport.json":             {Data: []byte(good)},
			"schemas/a.input.json":       {},
			"capabilities/c.rego":        {},
			"hook.js":                    {},
			"page/index.html":            {},
			"editor/index.html":          {},
			"elsewhere/left/alone/a.txt": {},
		}
		delete(fsys, without)
		return fsys
	}
	tests := []struct{ without, want string }{
		{"", ""},
		{"schemas/a.input.json", `sallyport.json:5: schemas: "schemas" cannot be read; leave the field out if all schemas are made of Go types`},
		{"capabilities/c.rego", `sallyport.json:6: capabilities: "capabilities" cannot be read`},
		{"hook.js", `sallyport.json:7: hook: "hook.js" cannot be read`},
		{"page/index.html", `sallyport.json:8: page: "page" cannot be read`},
		{"editor/index.html", `sallyport.json:11: windows[1].page: "editor" cannot be read`},
	}
	for _, tt := range tests {
		t.Run("without "+tt.without, func(t *testing.T) {
			fsys := app(tt.without)
			m, err := Load(fsys)
			if err != nil {
				t.Fatal(err)
			}
			checkError(t, m.CheckFiles(fsys), tt.want)
		})
	}
	swapped := app("hook.js")
	swapped["hook.js/index.js"] = &fstest.MapFile{}
	delete(swapped, "page/index.html")
	swapped["page"] = &fstest.MapFile{}
	m, err := Load(swapped)
	if err != nil {
		t.Fatal(err)
	}
	checkError(t, m.CheckFiles(swapped), `page: "page" is a file; a folder was expected`)
	swapped["page/index.html"] = &fstest.MapFile{}
	delete(swapped, "page")
	checkError(t, m.CheckFiles(swapped), `hook: "hook.js" is not a file`)

	if _, err := Load(app("sallyport.json")); err == nil || !strings.Contains(err.Error(), "sallyport manifest --schema") {
		t.Errorf("without a manifest: %v", err)
	}
}

func TestErrorfNamesTheLine(t *testing.T) {
	m, err := Parse(FileName, []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ pointer, want string }{
		{"/windows/1/connect_src/0", "manifest: sallyport.json:12: windows[1].connect_src[0]: no"},
		{"/windows/0/connect_src", "manifest: sallyport.json:10: windows[0].connect_src: no"},
		{"", "manifest: sallyport.json:1: no"},
	}
	for _, tt := range tests {
		if got := m.Errorf(tt.pointer, "no").Error(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// The schema and the Go types list the same fields.
func TestSchemaHasEveryField(t *testing.T) {
	var doc struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		fields []string
		schema map[string]any
	}{
		{"the manifest", fieldsOf(""), doc.Properties},
		{"a window", fieldsOf("/windows/0"), doc.Defs["window"].Properties},
		{"a command's limits", fieldsOf("/limits/notes.save"), doc.Defs["limits"].Properties},
	} {
		var listed []string
		for name := range tt.schema {
			listed = append(listed, name)
		}
		slices.Sort(listed)
		want := slices.Sorted(slices.Values(tt.fields))
		if !slices.Equal(listed, want) {
			t.Errorf("%s: the schema lists %v, the type %v", tt.name, listed, want)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	if err := c.AddResource("sallyport.schema.json", bytes.NewReader(Schema())); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sallyport.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzParse: no input panics, and what is accepted can have its commands
// replaced and is then accepted again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"version":1,"name":"a","schemas":"s","capabilities":"c","page":"p","hook":"h","windows":[{"label":"m"}]}`))
	f.Add([]byte(`{"version":1,"windows":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Parse(FileName, data); err != nil {
			return
		}
		changed, err := SetCommands(FileName, data, []string{"a.b", "c"})
		if err != nil {
			t.Fatalf("accepted, but its commands cannot be set: %v", err)
		}
		m, err := Parse(FileName, changed)
		if err != nil || !slices.Equal(m.Commands, []string{"a.b", "c"}) {
			t.Fatalf("after setting the commands: %v", err)
		}
	})
}

// ValidCommand is asked so often that it is no regular expression. That of the schema says the same.
func TestValidCommandIsTheSchemasPattern(t *testing.T) {
	var s struct {
		Properties struct {
			Commands struct {
				Items struct {
					Pattern   string
					MaxLength int
				}
			}
		}
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	items := s.Properties.Commands.Items
	grammar := regexp.MustCompile(items.Pattern)
	const alphabet = "aZ0_-.. ë\n"
	for n := range 200000 {
		var name string
		for ; n > 0; n /= 10 {
			name += string([]rune(alphabet)[n%10])
		}
		if ValidCommand(name) != grammar.MatchString(name) {
			t.Fatalf("%q: %v", name, ValidCommand(name))
		}
	}
	for _, n := range []int{items.MaxLength, items.MaxLength + 1} {
		if ValidCommand(strings.Repeat("a", n)) != (n <= items.MaxLength) {
			t.Errorf("%d letters", n)
		}
	}
}

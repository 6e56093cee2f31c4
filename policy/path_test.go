package policy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func testLexicon(t testing.TB, platform string) *lexicon {
	t.Helper()
	variables := map[string]string{"$HOME": "/home/u", "$ODD": "/home/a*b"}
	if platform == "windows" {
		variables = map[string]string{"$HOME": `C:\Users\u`, "$SHARE": `\\server\home\u`}
	}
	x, err := newLexicon(platform, variables)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (j judgement) String() string {
	return [...]string{"outside", "inside", "doubtful", "mistyped"}[j]
}

func TestPathInside(t *testing.T) {
	for _, test := range []struct {
		name, platform, path, dir string
		want                      judgement
	}{
		{"below", "linux", "/home/u/notes/a.md", "$HOME/notes", inside},
		{"the directory itself", "linux", "/home/u/notes", "$HOME/notes", inside},
		{"with a slash at the end", "linux", "/home/u/notes/", "/home/u/notes", inside},
		{"doubled and dotted slashes", "linux", "/home//u/./notes//a", "/home/u/notes/", inside},
		{"beside, same beginning", "linux", "/home/u/notes-evil/a", "$HOME/notes", outside},
		{"parent", "linux", "/home/u", "$HOME/notes", outside},
		{"root", "linux", "/", "$HOME", outside},
		{"other case", "linux", "/home/u/Notes/a", "$HOME/notes", outside},
		{"dotfile", "linux", "/home/u/notes/.git/config", "$HOME/notes", inside},
		{"trailing dot is another name", "linux", "/home/u/notes./a", "$HOME/notes", outside},
		{"three dots are a name", "linux", "/home/u/notes/.../a", "$HOME/notes", inside},
		{"percent that is no escape", "linux", "/home/u/notes/100% sure", "$HOME/notes", inside},
		{"variable alone", "linux", "/home/u/x", "$HOME", inside},

		{"climbs out", "linux", "/home/u/notes/../../../etc/passwd", "$HOME/notes", doubtful},
		{"CVE-2022-41874: wildcards of a path are names", "linux", "/home/u/*/a", "$HOME/notes", outside},
		{"CVE-2022-41874: wildcards of a directory are names", "linux", "/home/u/notes/a", "$HOME/*", outside},
		{"CVE-2022-41874: wildcards of a variable's value", "linux", "/home/aXb/f", "$ODD", outside},
		{"climbs and comes back", "linux", "/home/u/notes/a/../b", "$HOME/notes", doubtful},
		{"climbs at the end", "linux", "/home/u/notes/..", "$HOME/notes", doubtful},
		{"escaped dots", "linux", "/home/u/notes/%2e%2e/%2E./etc", "$HOME/notes", doubtful},
		{"escaped slash", "linux", "/home/u/notes/..%2f..%2fetc", "$HOME/notes", doubtful},
		{"twice escaped", "linux", "/home/u/notes/%252e%252e/etc", "$HOME/notes", doubtful},
		{"backslashes", "linux", `/home/u/notes/..\..\etc`, "$HOME/notes", doubtful},
		{"NUL", "linux", "/home/u/notes/a\x00/../../etc", "$HOME/notes", doubtful},
		{"newline", "linux", "/home/u/notes/a\nb", "$HOME/notes", doubtful},
		{"not UTF-8", "linux", "/home/u/notes/\xff", "$HOME/notes", doubtful},
		{"relative", "linux", "notes/a", "$HOME/notes", doubtful},
		{"home sign", "linux", "~/notes/a", "$HOME/notes", doubtful},
		{"variable from the page", "linux", "$HOME/notes/a", "$HOME/notes", doubtful},
		{"URL", "linux", "file:///home/u/notes/a", "$HOME/notes", doubtful},
		{"empty", "linux", "", "$HOME/notes", doubtful},
		{"huge", "linux", "/home/u/notes/" + strings.Repeat("a", maxPath), "$HOME/notes", doubtful},
		{"unknown variable", "linux", "/home/u/notes/a", "$NOPE/notes", doubtful},
		{"directory climbs", "linux", "/home/u/notes/a", "$HOME/x/../notes", doubtful},
		{"absolute against relative directory", "linux", "/notes/a", "notes", doubtful},
		{"both relative", "linux", "notes/a", "notes", inside},
		{"both relative, outside", "linux", "other/a", "notes", outside},
		{"any local path", "linux", "other/a", ".", inside},

		{"Windows, mixed slashes and case", "windows", `c:\users/U\Notes\a.md`, `$HOME\notes`, inside},
		{"Windows, trailing dots and spaces", "windows", `C:\Users\u\notes. .\a`, "$HOME/notes", inside},
		{"Windows, beside", "windows", `C:\Users\u\notes2\a`, "$HOME/notes", outside},
		{"Windows, other drive", "windows", `D:\Users\u\notes\a`, "$HOME/notes", outside},
		{"Windows, long s may be an s", "windows", "C:/U\u017fers/u/notes", "$HOME", doubtful},
		{"Windows, letters with accents", "windows", "C:/Users/u/été/a", "$HOME/été", inside},
		{"Windows, letters with accents may fold", "windows", "C:/Users/u/ÉTÉ/a", "$HOME/été", doubtful},
		{"Windows, share", "windows", `\\SERVER\home\u\a`, "$SHARE", inside},
		{"Windows, share against drive", "windows", `\\localhost\C$\Users\u\notes\a`, "$HOME/notes", doubtful},
		{"Windows, climbs", "windows", `C:\Users\u\notes\..\x`, "$HOME/notes", doubtful},
		{"Windows, dots and spaces that climb", "windows", `C:\Users\u\notes\.. \x`, "$HOME/notes", doubtful},
		{"Windows, drive-relative", "windows", `C:Users\u\notes\a`, "$HOME/notes", doubtful},
		{"Windows, no drive", "windows", `\Users\u\notes\a`, "$HOME/notes", doubtful},
		{"Windows, long form", "windows", `\\?\C:\Users\u\notes\a`, "$HOME/notes", doubtful},
		{"Windows, device form", "windows", `\\.\C:\Users\u\notes\a`, "$HOME/notes", doubtful},
		{"Windows, stream", "windows", `C:\Users\u\notes\a.txt:evil`, "$HOME/notes", doubtful},
		{"Windows, device name", "windows", `C:\Users\u\notes\nul.txt`, "$HOME/notes", doubtful},
		{"Windows, numbered device", "windows", `C:\Users\u\notes\COM1`, "$HOME/notes", doubtful},
		{"Windows, superscript device", "windows", `C:\Users\u\notes\lpt².x`, "$HOME/notes", doubtful},
		{"Windows, begins like a device", "windows", `C:\Users\u\notes\comet`, "$HOME/notes", inside},
		{"Windows, short name", "windows", `C:\Users\u\NOTES~1\a`, "$HOME/notes", doubtful},

		{"macOS folds case", "darwin", "/home/u/NOTES/a", "$HOME/notes", inside},
		{"macOS, composed and not", "darwin", "/home/u/cafe\u0301/a", "$HOME/caf\u00e9", doubtful},
		{"macOS, not composed and composed", "darwin", "/home/u/CAF\u00c9/a", "$HOME/cafe\u0301", doubtful},
		{"macOS, a letter that can't be seen", "darwin", "/home/u/.s\u200csh/id", "$HOME/.ssh", doubtful},
		{"macOS, a letter of two", "darwin", "/home/u/stra\u00dfe/a", "$HOME/STRASSE", doubtful},
		{"macOS, a ligature", "darwin", "/home/u/\ufb01les/a", "$HOME/files", doubtful},
		{"macOS, doubt before what is plainly elsewhere", "darwin", "/home/u/cafe\u0301/a", "$HOME/caf\u00e9/b", outside},
		{"Linux knows bytes", "linux", "/home/u/cafe\u0301/a", "$HOME/caf\u00e9", outside},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := testLexicon(t, test.platform).inside(test.path, test.dir); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		name, platform, pattern, path string
		want                          judgement
	}{
		{"star within a name", "linux", "$HOME/*.md", "/home/u/a.md", inside},
		{"star in the middle", "linux", "$HOME/a*c*e", "/home/u/abcde", inside},
		{"question mark", "linux", "$HOME/?.md", "/home/u/é.md", inside},
		{"question mark needs a character", "linux", "$HOME/a?", "/home/u/a", outside},
		{"class", "linux", "/x/[a-c]1", "/x/b1", inside},
		{"class missed", "linux", "/x/[a-c]1", "/x/d1", outside},
		{"negated class", "linux", "/x/[!a-c]1", "/x/d1", inside},
		{"class with a bracket", "linux", "/x/[]]", "/x/]", inside},
		{"literal star by class", "linux", "/x/[*]", "/x/a", outside},
		{"any depth", "linux", "$HOME/**/*.md", "/home/u/a/b/c.md", inside},
		{"any depth, none", "linux", "$HOME/**/*.md", "/home/u/c.md", inside},
		{"all below", "linux", "$HOME/**", "/home/u/a/b", inside},
		{"all below is not the directory", "linux", "$HOME/**", "/home/u", outside},
		{"longer path", "linux", "$HOME/*", "/home/u/a/b", outside},
		{"shorter path", "linux", "$HOME/a/*", "/home/u/a", outside},
		{"explicit dot", "linux", "$HOME/.config/*", "/home/u/.config/a", inside},

		// The defaults behind CVE-2022-46171 (Tauri): wildcards matched separators and leading dots.
		{"CVE-2022-46171: star and separator", "linux", "$HOME/*", "/home/u/.ssh/id_rsa", outside},
		{"CVE-2022-46171: question mark and separator", "linux", "/a?b", "/a/b", outside},
		{"CVE-2022-46171: class and separator", "linux", "/a[!x]b", "/a/b", outside},
		{"CVE-2022-46171: star and leading dot", "linux", "$HOME/*", "/home/u/.bashrc", doubtful},
		{"CVE-2022-46171: question mark and leading dot", "linux", "$HOME/?bashrc", "/home/u/.bashrc", doubtful},
		{"CVE-2022-46171: class and leading dot", "linux", "$HOME/[.]bashrc", "/home/u/.bashrc", doubtful},
		{"CVE-2022-46171: depth and leading dot", "linux", "$HOME/**", "/home/u/.ssh/id_rsa", doubtful},
		{"CVE-2022-46171: depth in the middle and leading dot", "linux", "$HOME/**/id_rsa", "/home/u/.ssh/id_rsa", doubtful},

		// CVE-2022-41874 (Tauri): a folder or file that the user had picked was put into the scope as a pattern.
		{"CVE-2022-41874: wildcards of a variable's value", "linux", "$ODD/*", "/home/aXb/f", outside},
		{"CVE-2022-41874: a variable's value is its own name", "linux", "$ODD/*", "/home/a*b/f", inside},
		{"CVE-2022-41874: wildcards of a path are names", "linux", "$HOME/a", "/home/u/*", outside},
		{"CVE-2022-41874: classes of a path are names", "linux", "$HOME/[a]", "/home/u/[a]", outside},
		{"CVE-2022-41874: depth in a path is a name", "linux", "$HOME/a/b", "/home/u/**/b", outside},

		{"climbs", "linux", "/home/*/Documents/**", "/home/a/Documents/../../../etc/passwd", doubtful},
		{"escaped", "linux", "$HOME/*", "/home/u/%2e%2e", doubtful},
		{"NUL", "linux", "$HOME/*.md", "/home/u/a\x00.md", doubtful},
		{"relative", "linux", "$HOME/*", "a", doubtful},
		{"pattern climbs", "linux", "/a/../*", "/a/b", doubtful},
		{"stars beside letters", "linux", "/a**/b", "/ax/b", doubtful},
		{"braces", "linux", "/{a,b}", "/a", doubtful},
		{"open class", "linux", "/[a", "/a", doubtful},
		{"unknown variable", "linux", "$NOPE/*", "/a", doubtful},

		{"macOS, composed and not", "darwin", "$HOME/caf\u00e9*", "/home/u/cafe\u0301s", doubtful},
		{"macOS, under a class", "darwin", "$HOME/[a-z]\u00e9", "/home/u/BE\u0301", doubtful},
		{"macOS, in a fixed part", "darwin", "$HOME/caf\u00e9/*.md", "/home/u/CAFE\u0301/a.md", doubtful},
		{"macOS, another name", "darwin", "$HOME/caf\u00e9", "/home/u/the\u0301", outside},
		{"macOS, the same name", "darwin", "$HOME/caf\u00e9/*.md", "/home/u/caf\u00e9/A.MD", inside},
		{"Windows, slashes and case", "windows", `$HOME\*.MD`, "c:/users/U/a.md", inside},
		{"Windows, trailing dot", "windows", "$HOME/*.md", `C:\Users\u\a.md. `, inside},
		{"Windows, class folds", "windows", "$HOME/[A-C]", `C:\Users\u\b`, inside},
		{"Windows, negated class folds", "windows", "$HOME/[!A-C]", `C:\Users\u\b`, outside},
		{"Windows, stream", "windows", "$HOME/*", `C:\Users\u\a:b`, doubtful},
		{"Windows, pattern no file fits", "windows", "$HOME/a.", `C:\Users\u\a`, doubtful},
		{"Windows, other drive", "windows", "$HOME/*", `D:\Users\u\b`, outside},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := testLexicon(t, test.platform).glob(test.pattern, test.path); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// CVE-2023-34460 (Tauri): the fix of CVE-2022-46171 was lost where the configuration left its option out. Here
// there is no option, and no system, for which a wildcard takes a leading dot or a separator.
func TestCVE202334460NoSettingLetsAWildcardTakeALeadingDot(t *testing.T) {
	for _, platform := range platforms() {
		drive := ""
		if platform == "windows" {
			drive = "C:"
		}
		for name, variables := range map[string]map[string]string{"none": nil, "some": {"$HOME": drive + "/home/u"}} {
			text := head + `allow if { input.command == "x"; some g in [
	"/home/u/*", "/home/u/**", "/home/u/?ssh", "/home/u/[.]ssh", "/home/u/**/id_rsa", "/home/*/id_rsa", "/home?u?id_rsa"]; scope.glob(g, input.args.path) }`
			p, err := Load(files(strings.ReplaceAll(text, `"/home`, `"`+drive+`/home`)), Config{Platform: platform, Variables: variables})
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]string{"/home/u/.ssh": "deny", "/home/u/.ssh/id_rsa": "deny", "/home/.u/id_rsa": "deny", "/home/u/notes": "allow"} {
				if got := decide(t, p, call(t, "x", `{"path":"`+drive+path+`"}`)); !strings.HasPrefix(got, want) {
					t.Errorf("%s, variables %s, %s: got %s", platform, name, path, got)
				}
			}
		}
	}
}

// plainMatch is the definition of a glob, tried in all ways.
func plainMatch(globs, names []string, dots bool) bool {
	if len(globs) == 0 || len(names) == 0 {
		return len(globs) == len(names)
	}
	if globs[0] == "**" {
		taken := dots || names[0][0] != '.'
		return len(globs) > 1 && plainMatch(globs[1:], names, dots) || taken && plainMatch(globs, names[1:], dots) ||
			taken && len(globs) == 1 && len(names) == 1
	}
	return (dots || names[0][0] != '.' || globs[0][0] == '.') && plainName(globs[0], names[0]) && plainMatch(globs[1:], names[1:], dots)
}

func plainName(glob, name string) bool {
	if glob == "" {
		return name == ""
	}
	if glob[0] == '*' {
		return plainName(glob[1:], name) || name != "" && plainName(glob, name[1:])
	}
	m, width, _ := nextGlob(glob)
	r, size := utf8.DecodeRuneInString(name)
	return name != "" && m.matches(&lexicon{}, r) && plainName(glob[width:], name[size:])
}

func TestGlobAgreesWithItsDefinition(t *testing.T) {
	x := testLexicon(t, "linux")
	g := rand.New(rand.NewPCG(1, 2))
	names := func(alphabet []string, most int) []string {
		all := make([]string, 1+g.IntN(most))
		for i := range all {
			for range 1 + g.IntN(3) {
				all[i] += alphabet[g.IntN(len(alphabet))]
			}
			if strings.Contains(all[i], "**") {
				all[i] = "**"
			}
		}
		return all
	}
	matched := 0
	for range 200_000 {
		globs := names([]string{"a", "b", ".", "*", "?", "[ab]", "**"}, 5)
		path := names([]string{"a", "b", "."}, 6)
		var forms []form
		for _, glob := range globs {
			forms = append(forms, formOf(glob))
		}
		for _, dots := range []bool{false, true} {
			want := plainMatch(globs, path, dots)
			if got := x.matchNames(globs, nil, path, dots); got != want {
				t.Fatalf("%q on %q, dots %v: got %v, want %v", globs, path, dots, got, want)
			}
			if got := x.matchNames(globs, forms, path, dots); got != want {
				t.Fatalf("%q on %q, dots %v, by its forms: got %v, want %v", globs, path, dots, got, want)
			}
			if want {
				matched++
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches", matched)
	}
}

func TestPlainPathsAreCutAsAllOthers(t *testing.T) {
	x := testLexicon(t, "linux")
	g := rand.New(rand.NewPCG(3, 4))
	plain := 0
	for range 200_000 {
		path := ""
		for range g.IntN(8) {
			path += []string{"/", "/", ".", "..", "a", "bc", " ", "~", "%", "%41", "\\", "\x1f", "\x7f", "é", "$"}[g.IntN(15)]
		}
		l, ok := x.cutPlain(nil, path)
		if !ok {
			continue
		}
		plain++
		if want, err := x.cutAny(nil, path); err != nil || l.root != want.root || !slices.Equal(l.parts, want.parts) {
			t.Fatalf("%q: got %q, want %q, %v", path, l, want, err)
		}
	}
	if plain < 10_000 {
		t.Errorf("only %d plain paths", plain)
	}
	if _, ok := testLexicon(t, "windows").cutPlain(nil, "a"); ok {
		t.Error("a path of Windows is cut as one of Linux")
	}
}

func TestBadVariablesAreRefused(t *testing.T) {
	for _, test := range []struct{ name, variable, value string }{
		{"no dollar sign", "HOME", "/home/u"},
		{"small letters", "$home", "/home/u"},
		{"relative value", "$HOME", "home/u"},
		{"empty value", "$HOME", ""},
		{"climbing value", "$HOME", "/home/../u"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Load(files(), Config{Platform: "linux", Variables: map[string]string{test.variable: test.value}}); err == nil ||
				!strings.HasPrefix(err.Error(), "policy: Config.Variables: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

package core

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
)

const (
	touchRule  = `allow if input.command == "notes.touch"`
	secretRule = `allow if input.command == "notes.secret"`
)

func ruleText(rule string) string { return string(capability("notes", rule)["notes.rego"].Data) }

// put writes a file as a careless editor does, in place.
func put(t testing.TB, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watched is an app that watches a folder whose one capability allows
// notes.touch, and tells which revision allows notes.secret in its place.
func watched(t *testing.T, folder string) *bench {
	t.Helper()
	return newBench(t, func(c *Config) { c.CapabilitiesDir = folder }, nil)
}

func allows(t testing.TB, b *bench, command string) bool {
	t.Helper()
	c := b.connect(t, "main")
	defer c.Close()
	_, err := c.Call(patient(t), command, textOf("x"))
	return code(t, err) == ""
}

func reloads(b *bench, verdict string) (n int) {
	for _, r := range b.record.Records() {
		if r.Kind == audits.KindEvent && r.Verdict == verdict {
			n++
		}
	}
	return n
}

func TestAWatchedFolderIsReloadedHoweverItIsChanged(t *testing.T) {
	for _, test := range []struct {
		name   string
		lay    func(t *testing.T, dir string) (folder string)
		change func(t *testing.T, dir string)
	}{
		{"a file is written in place", nil, func(t *testing.T, dir string) {
			put(t, dir+"/caps/notes.rego", ruleText(secretRule))
		}},
		{"a file is written slowly", nil, func(t *testing.T, dir string) {
			text := ruleText(secretRule)
			for i := 0; i <= len(text); i += 40 {
				put(t, dir+"/caps/notes.rego", text[:i])
				time.Sleep(settled / 4)
			}
			put(t, dir+"/caps/notes.rego", text)
		}},
		{"another file is renamed over it", nil, func(t *testing.T, dir string) {
			put(t, dir+"/caps/notes.rego~", ruleText(secretRule))
			must(t, os.Rename(dir+"/caps/notes.rego~", dir+"/caps/notes.rego"))
		}},
		{"the old one is moved away first, as Vim does", nil, func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/caps/notes.rego", dir+"/caps/notes.rego~"))
			put(t, dir+"/caps/notes.rego", ruleText(secretRule))
			must(t, os.Remove(dir+"/caps/notes.rego~"))
		}},
		{"beside an Emacs lock that leads nowhere", nil, func(t *testing.T, dir string) {
			must(t, os.Symlink("me@here.1:2", dir+"/caps/.#notes.rego"))
			put(t, dir+"/caps/notes.rego", ruleText(secretRule))
		}},
		{"a file in a folder that is new", nil, func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/caps/notes.rego"))
			put(t, dir+"/caps/more/even/notes.rego", ruleText(secretRule))
		}},
		{"a file is removed", func(t *testing.T, dir string) string {
			put(t, dir+"/caps/notes.rego", ruleText(secretRule+"\n\n"+touchRule))
			put(t, dir+"/caps/no.rego", string(capability("no", `deny contains "no" if input.command == "notes.secret"`)["no.rego"].Data))
			return dir + "/caps"
		}, func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/caps/no.rego"))
		}},
		{"the folder is replaced", nil, func(t *testing.T, dir string) {
			put(t, dir+"/next/notes.rego", ruleText(secretRule))
			must(t, os.Rename(dir+"/caps", dir+"/before"))
			must(t, os.Rename(dir+"/next", dir+"/caps"))
		}},
		{"the folder is gone for a while", nil, func(t *testing.T, dir string) {
			must(t, os.RemoveAll(dir+"/caps"))
			time.Sleep(3 * settled)
			put(t, dir+"/caps/notes.rego", ruleText(secretRule))
		}},
		{"the folder is emptied for a while", nil, func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/caps/notes.rego"))
			time.Sleep(3 * settled)
			put(t, dir+"/caps/notes.rego", ruleText(secretRule))
		}},
		{"a link is swapped, as Kubernetes does", func(t *testing.T, dir string) string {
			put(t, dir+"/caps/..1/notes.rego", ruleText(touchRule))
			must(t, os.Symlink("..1", dir+"/caps/..data"))
			must(t, os.Symlink("..data/notes.rego", dir+"/caps/notes.rego"))
			return dir + "/caps"
		}, func(t *testing.T, dir string) {
			put(t, dir+"/caps/..2/notes.rego", ruleText(secretRule))
			must(t, os.Symlink("..2", dir+"/caps/..data_tmp"))
			must(t, os.Rename(dir+"/caps/..data_tmp", dir+"/caps/..data"))
			must(t, os.RemoveAll(dir+"/caps/..1"))
		}},
		{"the folder is a link that is swapped", func(t *testing.T, dir string) string {
			put(t, dir+"/v1/notes.rego", ruleText(touchRule))
			must(t, os.Symlink("v1", dir+"/caps"))
			return dir + "/caps"
		}, func(t *testing.T, dir string) {
			put(t, dir+"/v2/notes.rego", ruleText(secretRule))
			must(t, os.Symlink("v2", dir+"/caps.new"))
			must(t, os.Rename(dir+"/caps.new", dir+"/caps"))
		}},
		{"a link far above it is swapped", func(t *testing.T, dir string) string {
			put(t, dir+"/releases/v1/app/caps/notes.rego", ruleText(touchRule))
			must(t, os.Symlink(dir+"/releases/v1", dir+"/current"))
			return dir + "/current/app/caps"
		}, func(t *testing.T, dir string) {
			put(t, dir+"/releases/v2/app/caps/notes.rego", ruleText(secretRule))
			must(t, os.Symlink("releases/v2", dir+"/current.new"))
			must(t, os.Rename(dir+"/current.new", dir+"/current"))
		}},
		{"a file is a link to elsewhere, and that is written", func(t *testing.T, dir string) string {
			put(t, dir+"/elsewhere/notes.rego", ruleText(touchRule))
			must(t, os.MkdirAll(dir+"/caps", 0o700))
			must(t, os.Symlink(dir+"/elsewhere/notes.rego", dir+"/caps/notes.rego"))
			return dir + "/caps"
		}, func(t *testing.T, dir string) {
			put(t, dir+"/elsewhere/notes.rego", ruleText(secretRule))
		}},
		{"a bad set came before the good one", nil, func(t *testing.T, dir string) {
			put(t, dir+"/caps/notes.rego", ruleText("allow if {"))
			time.Sleep(3 * settled)
			put(t, dir+"/caps/notes.rego", ruleText(secretRule))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			folder := dir + "/caps"
			if test.lay == nil {
				put(t, folder+"/notes.rego", ruleText(touchRule))
			} else if runtime.GOOS == "windows" && strings.Contains(test.name, "link") {
				return // links need a privilege there
			} else {
				folder = test.lay(t, dir)
			}
			b := watched(t, folder)
			before := b.policy.Load().Revision()
			if !allows(t, b, "notes.touch") || allows(t, b, "notes.secret") {
				t.Fatal("it did not begin with the folder's")
			}
			test.change(t, dir)
			await(t, "the change is in force", func() bool { return allows(t, b, "notes.secret") })
			if n := reloads(b, audits.VerdictReloaded); n != 1 {
				t.Errorf("%d policies were put in force, want one: a set that was half there came into force", n)
			}
			// A second change shows that the eyes are still open.
			put(t, folder+"/later.rego", string(capability("later", touchRule)["later.rego"].Data))
			await(t, "a second change is in force", func() bool { return reloads(b, audits.VerdictReloaded) == 2 })
			if b.policy.Load().Revision() == before {
				t.Error("nothing else is in force")
			}
		})
	}
}

// A bad set is told once, and what is in force stays.
func TestAWatchedFolderThatIsUnfitIsToldOnce(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, folder string)
		want   string
	}{
		{"broken", func(t *testing.T, folder string) { put(t, folder+"/notes.rego", ruleText("allow if {")) }, "notes.rego:7: rego_parse_error"},
		{"gone", func(t *testing.T, folder string) { must(t, os.RemoveAll(folder)) }, "Config.CapabilitiesDir"},
		{"empty", func(t *testing.T, folder string) { must(t, os.Remove(folder+"/notes.rego")) }, "the folder is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir() + "/caps"
			put(t, folder+"/notes.rego", ruleText(touchRule))
			b := watched(t, folder)
			test.change(t, folder)
			await(t, "it is told", func() bool { return strings.Contains(b.log.String(), test.want) })
			contains(t, b.log.String(), filepath.ToSlash(folder))
			put(t, filepath.Dir(folder)+"/unrelated", "")
			time.Sleep(4 * settled)
			if n := reloads(b, audits.VerdictKept); n != 1 {
				t.Errorf("told %d times", n)
			}
			if !allows(t, b, "notes.touch") {
				t.Error("the policy before is not in force")
			}
		})
	}
}

func TestC7AWatchedFolderThatCanNotServeStopsTheStart(t *testing.T) {
	folder := t.TempDir()
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"there is none", func(c *Config) { c.CapabilitiesDir = filepath.Join(folder, "none") }, "Config.CapabilitiesDir: "},
		{"it is empty", func(c *Config) { c.CapabilitiesDir = folder }, "the folder is empty"},
		{"another stands for it", func(c *Config) { c.CapabilitiesDir, c.Capabilities = folder, fstest.MapFS{} }, "both"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Files: testFiles()}
			test.change(&c)
			if _, err := New(c); err == nil {
				t.Error("no error")
			} else {
				contains(t, err.Error(), "core: ", test.want)
			}
		})
	}
}

// What changed between New and the start is noticed as well.
func TestAChangeBeforeTheStartIsNotMissed(t *testing.T) {
	folder := t.TempDir()
	put(t, folder+"/notes.rego", ruleText(touchRule))
	b := newBench(t, func(c *Config) { c.CapabilitiesDir = folder }, func(*bench) {
		put(t, folder+"/notes.rego", ruleText(secretRule))
	})
	await(t, "the change is in force", func() bool { return allows(t, b, "notes.secret") })
}

func TestALinkToAFolderOfCapabilitiesIsAnError(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // links need a privilege there
	}
	dir := t.TempDir()
	put(t, dir+"/caps/notes.rego", ruleText(touchRule))
	put(t, dir+"/denials/no.rego", ruleText(touchRule))
	must(t, os.Symlink("../denials", dir+"/caps/denials"))
	_, err := New(Config{Files: testFiles(), CapabilitiesDir: dir + "/caps"})
	if err == nil {
		t.Fatal("what lies behind it was left out without a word")
	}
	contains(t, err.Error(), "denials is a link to a folder")
}

// A set that still changes when it is looked at is not believed, whatever told
// of the change.
func TestASetIsLoadedOnceItIsAtRest(t *testing.T) {
	folder := t.TempDir()
	put(t, folder+"/notes.rego", ruleText(touchRule))
	b := newBench(t, nil, nil)
	w := &watch{app: b.App, folder: folder}
	looked := make(chan struct{})
	go func() { w.look(t.Context()); close(looked) }()
	time.Sleep(settled / 2)
	put(t, folder+"/notes.rego", ruleText(secretRule))
	<-looked
	if n := reloads(b, audits.VerdictReloaded); n != 1 || !allows(t, b, "notes.secret") {
		t.Errorf("%d reloads, and notes.secret is allowed: %v", n, allows(t, b, "notes.secret"))
	}
	w.look(t.Context())
	if n := reloads(b, audits.VerdictReloaded); n != 1 {
		t.Errorf("%d reloads of a folder that did not change", n)
	}
}

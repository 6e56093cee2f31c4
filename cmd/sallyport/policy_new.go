package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/policy/policyformat"
)

// newReport is what `sallyport policy new --json` prints.
type newReport struct {
	Files []string `json:"files"` // that were written
}

func newPolicyNewCommand() *cobra.Command {
	var n newCapability
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a capability file with its tests",
		Long: `New writes NAME.rego, a capability with comments that say what can go into it,
NAME_test.rego and NAME_test.yaml, its tests. No file is overwritten.

Without --window the first window of the app's sallyport.json is meant, or
"main"; without --command those of the manifest's commands that begin with
"NAME.", or "NAME.list" where there is no manifest.`,
		Example: `  sallyport policy new notes --dir ./app
  sallyport policy new notes --window main --window 'editor-*' \
      --command notes.list --command notes.save`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("the capability has no name; see %s --help", c.CommandPath())
			}
			return atMost(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			n.name = args[0]
			folder, err := (&policyFlags{platform: "linux"}).open(dir)
			if err != nil {
				return err
			}
			if err := n.complete(folder.manifest); err != nil {
				return err
			}
			files, err := n.write(folder)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), newReport{files})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\nnext: sallyport policy test %s\n", strings.Join(files, "\n"), dir)
			return err
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "folder of capabilities, or of an app")
	c.Flags().StringArrayVar(&n.windows, "window", nil, "label of a window, or a glob such as editor-*; may be repeated")
	c.Flags().StringArrayVar(&n.commands, "command", nil, "command that is allowed; may be repeated")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// newCapability is one that is yet to be written.
type newCapability struct {
	name              string
	windows, commands []string
}

// complete fills in what was not said and refuses what can't be.
func (n *newCapability) complete(m *manifest.Manifest) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`).MatchString(n.name) || strings.HasSuffix(n.name, "_test") {
		return fmt.Errorf("%q can't name a capability: expected lower-case letters, digits and underscores, a letter first, and not _test at the end", n.name)
	}
	if n.windows == nil {
		n.windows = []string{"main"}
		if m != nil {
			n.windows[0] = m.Windows[0].Label
		}
	}
	for _, w := range n.windows {
		if !regexp.MustCompile(`^[a-z0-9*?-]+$`).MatchString(w) {
			return fmt.Errorf("--window %q: labels are lower-case letters, digits and dashes; of globs only * and ? are known", w)
		}
	}
	if n.commands == nil && m == nil {
		n.commands = []string{n.name + ".list"}
	}
	if n.commands == nil {
		for _, command := range m.Commands {
			if strings.HasPrefix(command, n.name+".") {
				n.commands = append(n.commands, command)
			}
		}
		if n.commands == nil {
			return fmt.Errorf("the app has no command that begins with %s.: name one with --command, or list it first with sallyport manifest", n.name)
		}
	}
	for _, command := range n.commands {
		if !manifest.ValidCommand(command) {
			return fmt.Errorf("--command %q can't name a command: expected %s", command, manifest.CommandForm)
		}
	}
	slices.Sort(n.commands)
	n.commands = slices.Compact(n.commands)
	return nil
}

// write makes all files, or none if one is there already.
func (n *newCapability) write(folder *policyFolder) (written []string, err error) {
	texts := []struct{ file, text string }{
		{n.name + ".rego", n.capability()}, {n.name + "_test.rego", n.tests()}, {n.name + "_test.yaml", n.fixtures()},
	}
	defer func() {
		if err != nil {
			for _, path := range written {
				os.Remove(path)
			}
		}
	}()
	for _, t := range texts {
		text := []byte(t.text)
		if strings.HasSuffix(t.file, ".rego") {
			if text, err = policyformat.Source(t.file, text); err != nil {
				return written, fmt.Errorf("%q can't name a capability, since Rego has another use for it: %w", n.name, err)
			}
		}
		path := folder.path(t.file)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return written, fmt.Errorf("%s is there already: nothing was written", path)
		}
		if err != nil {
			return written, err
		}
		written = append(written, path)
		_, err = f.Write(text)
		if err := errors.Join(err, f.Close()); err != nil {
			return written, err
		}
	}
	return written, nil
}

// condition says that the command is one of the capability's.
func (n *newCapability) condition() string {
	if len(n.commands) == 1 {
		return fmt.Sprintf("input.command == %q", n.commands[0])
	}
	return fmt.Sprintf("input.command in %s", list("{", n.commands, "}"))
}

// list writes texts in Rego, a line each where they are many.
func list(open string, texts []string, closing string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = fmt.Sprintf("%q", t)
	}
	if line := strings.Join(quoted, ", "); len(line) < 70 {
		return open + line + closing
	}
	return open + "\n\t" + strings.Join(quoted, ",\n\t") + ",\n" + closing
}

func (n *newCapability) capability() string {
	return fmt.Sprintf(`# METADATA
# title: %[1]s
# description: Say here what these windows may do, and why.
# custom:
#   windows: %[2]s
package capability.%[3]s

# What no rule allows is denied. Where the arguments matter, a rule says so, with
# import data.sallyport.scope above:
#
#	allow if {
#		input.command == "%[3]s.save"
#		scope.path_inside(input.args.path, "$APPDATA/%[3]s")
#	}
#
# deny contains "reason" if ... wins over every allow and ask, and
# ask contains "question" if ... over every allow.
allow if %[4]s
`, strings.ToUpper(n.name[:1])+strings.ReplaceAll(n.name[1:], "_", " "), list("[", n.windows, "]"), n.name, n.condition())
}

// other is a command that the capability is not about.
func (n *newCapability) other() string {
	name := n.name + ".other"
	for slices.Contains(n.commands, name) {
		name += "-one"
	}
	return name
}

func (n *newCapability) tests() string {
	return fmt.Sprintf(`package capability.%[1]s_test

import data.capability.%[1]s

test_commands_are_allowed if {
	every command in %[2]s {
		%[1]s.allow with input as {"command": command}
	}
}

test_other_commands_are_not if not %[1]s.allow with input as {"command": %[3]q}
`, n.name, list("[", n.commands, "]"), n.other())
}

func (n *newCapability) fixtures() string {
	var b strings.Builder
	window := strings.NewReplacer("*", "1", "?", "1").Replace(n.windows[0])
	b.WriteString("# Whole calls, and what is to become of them. In args, ${HOME} and ${APPDATA} are folders.\n")
	for _, command := range n.commands {
		fmt.Fprintf(&b, "- name: %s is allowed\n  window: %s\n  command: %s\n  args: {}\n  expect: {effect: allow, capability: %s}\n", command, window, command, n.name)
	}
	fmt.Fprintf(&b, "- name: another command is denied\n  window: %s\n  command: %s\n  expect: deny\n", window, n.other())
	if !slices.Contains(n.windows, "*") {
		fmt.Fprintf(&b, "- name: another window is denied\n  window: another-window\n  command: %s\n  expect: deny\n", n.commands[0])
	}
	return b.String()
}

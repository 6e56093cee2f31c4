package docs

import (
	"fmt"
	"strings"
)

// Markdown writes the reference.
func (r *Reference) Markdown() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", plain(r.title()))
	b.WriteString("<!-- Written by sallyport gen docs: change the schemas and capabilities instead. -->\n\n")
	anchors := anchorsOf(r)
	r.contents(&b, anchors)
	for i := range r.Commands {
		r.command(&b, &r.Commands[i], anchors[len(anchors)-1])
	}
	for i := range r.Events {
		e := &r.Events[i]
		fmt.Fprintf(&b, "## %s\n\nAn event that the app sends.\n\n", codeSpan(e.Name))
		e.Payload.about(&b)
		e.Payload.table(&b, "What it carries")
		e.Payload.json(&b)
	}
	if len(r.Commands) > 0 {
		b.WriteString(errorsSection)
	}
	return []byte(strings.TrimRight(b.String(), "\n") + "\n")
}

// contents lists what there is, each with a link to its heading.
func (r *Reference) contents(b *strings.Builder, anchors []string) {
	if len(r.Commands) > 0 {
		b.WriteString("| command | |\n|---|---|\n")
		for i, c := range r.Commands {
			fmt.Fprintf(b, "| [%s](#%s) | %s |\n", codeSpan(c.Name), anchors[i], c.Input.summary())
		}
		b.WriteByte('\n')
	} else {
		b.WriteString("There is no command.\n\n")
	}
	if len(r.Events) > 0 {
		b.WriteString("| event | |\n|---|---|\n")
		for i, e := range r.Events {
			fmt.Fprintf(b, "| [%s](#%s) | %s |\n", codeSpan(e.Name), anchors[len(r.Commands)+i], e.Payload.summary())
		}
		b.WriteByte('\n')
	}
}

// anchorsOf are what GitHub makes of the headings, in their order: commands,
// events, and the section about errors.
func anchorsOf(r *Reference) []string {
	used, repeated := map[string]bool{anchor(r.title()): true}, map[string]int{}
	var all []string
	add := func(name string) {
		base := anchor(name)
		a := base
		for used[a] {
			repeated[base]++
			a = fmt.Sprintf("%s-%d", base, repeated[base])
		}
		used[a] = true
		all = append(all, a)
	}
	for _, c := range r.Commands {
		add(c.Name)
	}
	for _, e := range r.Events {
		add(e.Name)
	}
	add("Errors")
	return all
}

func (r *Reference) title() string {
	if r.App == "" {
		return "Commands and events"
	}
	return r.App + ": commands and events"
}

func anchor(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-' || c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			return c
		}
		return -1
	}, strings.ToLower(heading))
}

func (r *Reference) command(b *strings.Builder, c *Command, errors string) {
	fmt.Fprintf(b, "## %s\n\n", codeSpan(c.Name))
	if c.Input == nil {
		b.WriteString("No schema of its arguments was read.\n\n")
	} else {
		c.Input.about(b)
		b.WriteString(fenced("ts", c.Call) + "\n")
		c.Input.table(b, "Arguments")
	}
	if c.Output.null() {
		b.WriteString("**Result:** `null`.\n\n")
	} else {
		c.Output.table(b, "Result")
		c.Output.json(b)
	}
	if c.Channel != nil {
		c.Channel.table(b, "Each item that it streams")
		c.Channel.json(b)
	}
	if c.Upload != nil {
		c.Upload.table(b, "Each item that the page streams")
		c.Upload.json(b)
	}
	r.access(b, c)
	if len(c.Limits) > 0 {
		fmt.Fprintf(b, "**Limits:** %s.\n\n", strings.Join(c.Limits, ", "))
	}
	fmt.Fprintf(b, "**Errors:** `failed` if the app says no, and [those of every call](#%s).\n\n", errors)
}

// access is who may call a command.
func (r *Reference) access(b *strings.Builder, c *Command) {
	switch {
	case r.Policy == "":
		return
	case len(c.Access) == 0:
		b.WriteString("**Who may call it:** nobody; no capability allows it.\n\n")
		return
	}
	b.WriteString("**Who may call it**\n\n| window | pages | | by |\n|---|---|---|---|\n")
	for _, a := range c.Access {
		pages := "the app's own"
		if a.Origin != "" {
			pages = codeSpan(visible(a.Origin))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", codeSpan(visible(a.Window)), pages, a.words(), a.by())
	}
	b.WriteByte('\n')
}

func (a *Access) words() string {
	text := map[string]string{"allow": "may call it", "ask": "may call it if the user agrees"}[a.Effect]
	if a.Depends {
		text = map[string]string{"allow": "some calls, by their arguments or other conditions", "ask": "some calls, if the user agrees"}[a.Effect]
	}
	if len(a.Platforms) > 0 {
		text += ", on " + plain(strings.Join(a.Platforms, ", "))
	}
	if len(a.Limits) > 0 {
		text += "; " + strings.Join(a.Limits, ", ")
	}
	return text
}

// by are the rules that count, or could, by file and line.
func (a *Access) by() string {
	var all []string
	for _, rule := range a.Rules {
		text := rule.Kind + " " + link(code(fmt.Sprintf("%s:%d", rule.File, rule.Line)), rule.Link)
		if rule.Until != "" {
			text += " until " + plain(rule.Until)
		}
		all = append(all, text)
	}
	return strings.Join(all, "<br>")
}

// null says that there is nothing to know of a result.
func (s *Shape) null() bool {
	return s == nil || len(s.Rows) == 1 && s.Rows[0] == Row{Type: "null"} && s.Title+s.Description == ""
}

// summary is the first sentence of what a schema says of itself.
func (s *Shape) summary() string {
	if s == nil {
		return ""
	}
	text := s.Title
	if text == "" {
		text, _, _ = strings.Cut(s.Description, "\n")
		if before, _, ok := strings.Cut(text, ". "); ok {
			text = before + "."
		}
	}
	if s.Deprecated {
		text = strings.TrimSpace("Deprecated. " + text)
	}
	return plain(text)
}

func (s *Shape) about(b *strings.Builder) {
	if s.Deprecated {
		b.WriteString("**Deprecated.**\n\n")
	}
	if s.Title != "" {
		fmt.Fprintf(b, "%s.\n\n", paragraph(s.Title))
	}
	for _, p := range paragraphs(s.Description) {
		b.WriteString(p + "\n\n")
	}
}

// table is what a schema says, a row for each value.
func (s *Shape) table(b *strings.Builder, title string) {
	if len(s.Rows) == 0 {
		members := "an object of any members"
		if s.Closed {
			members = "an object without members"
		}
		fmt.Fprintf(b, "**%s:** %s.\n\n", title, members)
		return
	}
	fmt.Fprintf(b, "**%s**\n\n| | type | required | must be | |\n|---|---|---|---|---|\n", title)
	for _, r := range s.Rows {
		member := "the whole"
		if r.Member != "" {
			member = codeSpan(visible(r.Member))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", member, inline(string(r.Type)), r.Required, inline(string(r.Constraints)), plain(r.Description))
	}
	b.WriteByte('\n')
	if s.Cut {
		fmt.Fprintf(b, "There is more, in %s.\n\n", codeSpan(s.File))
	}
	if s.Closed {
		b.WriteString("There are no other members.\n\n")
	}
}

func (s *Shape) json(b *strings.Builder) {
	if len(s.Example) > 0 {
		b.WriteString(fenced("json", string(s.Example)) + "\n")
	}
}

const errorsSection = `## Errors

A call that does not succeed rejects with a ` + "`SallyportError`" + `: a ` + "`code`" + `, and an ` + "`id`" + ` under which the app's record has
the reason.

| code | |
|---|---|
| ` + "`invalid_args`" + ` | the arguments are not as the table says |
| ` + "`denied`" + ` | no capability allows the call, or the user did not |
| ` + "`too_large`" + ` | the arguments are larger than the command's limit |
| ` + "`rate_limited`" + `, ` + "`busy`" + ` | too many calls, in a second or under way |
| ` + "`timeout`" + `, ` + "`cancelled`" + ` | it took too long, or the page gave up; the app may have done it |
| ` + "`failed`" + ` | the app says no, perhaps with a message for the user |
| ` + "`internal`" + `, ` + "`unavailable`" + ` | a bug of the app, or its record can't be written |
| ` + "`hook_refused`" + ` | the app's isolation hook kept the call back |
| ` + "`unknown_outcome`" + `, ` + "`closed`" + ` | the connection dropped, or the app is shutting down |
`

package audits

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// lineVersion is the "v" of a line: readers refuse those they do not know.
const lineVersion = 1

// A reason may quote what a page sent, so what a record can grow to is bounded
// here and not by whoever fills it.
const (
	maxText  = 1024 // bytes of a string before escaping
	maxRules = 32   // and parts of the input that Nearest saw
	maxList  = 32   // entries of a list of Terms
	maxEntry = 256  // bytes of each, and of a path that Nearest saw
)

// timeLayout has a fixed width, so that lines sort by time as text.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// appendRecord appends r as one JSON object without a newline. It is written
// by hand because encoding/json takes five times as long and every call waits
// for it.
func appendRecord(dst []byte, kind string, r *Record) []byte {
	at := r.Time
	if at.IsZero() {
		at = time.Now()
	}
	dst = append(dst, `{"v":`...)
	dst = strconv.AppendInt(dst, lineVersion, 10)
	dst = append(dst, `,"time":"`...)
	dst = at.UTC().AppendFormat(dst, timeLayout)
	dst = append(dst, '"')
	dst = appendMember(dst, "record", kind)
	dst = appendMember(dst, "verdict", r.Verdict)
	dst = appendMember(dst, "id", r.ID)
	dst = appendMember(dst, "session", r.Session)
	dst = appendMember(dst, "window", r.Window)
	dst = appendMember(dst, "origin", r.Origin)
	dst = appendMember(dst, "command", r.Command)

	dst = appendOptional(dst, "event", r.Event)
	dst = appendOptional(dst, "target", r.Target)
	dst = appendOptional(dst, "carrier", r.Carrier)
	dst = appendOptional(dst, "pattern", r.Pattern)
	if r.ByFrame {
		dst = append(dst, `,"by_frame":true`...)
	}
	dst = appendOptional(dst, "stage", r.Stage)
	dst = appendOptional(dst, "code", r.Code)
	dst = appendOptional(dst, "reason", r.Reason)
	dst = appendRules(dst, r.Rules)
	dst = appendOptional(dst, "revision", r.Revision)
	dst = appendOptional(dst, "asked", r.Asked)
	dst = appendMismatch(dst, r.Mismatch)
	dst = appendNearest(dst, r.Nearest)
	dst = appendOptional(dst, "grant", r.Grant)
	dst = appendTerms(dst, r.Terms)
	if r.ArgsSize != 0 {
		dst = append(dst, `,"args_size":`...)
		dst = strconv.AppendInt(dst, int64(r.ArgsSize), 10)
	}
	dst = appendOptional(dst, "args_mac", r.ArgsMAC)
	if r.BinarySize != 0 {
		dst = strconv.AppendInt(append(dst, `,"binary_size":`...), int64(r.BinarySize), 10)
	}
	dst = appendStreamed(dst, r.Streamed)
	dst = appendStages(dst, &r.Stages)
	return append(dst, '}')
}

func appendRules(dst []byte, rules []Rule) []byte {
	if len(rules) == 0 {
		return dst
	}
	dst = append(dst, `,"rules":[`...)
	for i, rule := range rules[:min(len(rules), maxRules)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendRule(dst, rule), '}')
	}
	return append(dst, ']')
}

// appendRule leaves the object open.
func appendRule(dst []byte, rule Rule) []byte {
	dst = append(dst, `{"capability":`...)
	dst = appendText(dst, rule.Capability)
	dst = appendMember(dst, "file", rule.File)
	dst = append(dst, `,"line":`...)
	return strconv.AppendInt(dst, int64(rule.Line), 10)
}

func appendMismatch(dst []byte, m *Mismatch) []byte {
	if m == nil {
		return dst
	}
	dst = append(dst, `,"mismatch":{"pointer":`...)
	dst = appendText(dst, m.Pointer)
	dst = appendMember(dst, "keyword", m.Keyword)
	dst = appendMember(dst, "expected", m.Expected)
	return append(dst, '}')
}

func appendNearest(dst []byte, n *Nearest) []byte {
	if n == nil {
		return dst
	}
	dst = append(dst, `,"nearest":`...)
	dst = appendRule(dst, n.Rule)
	dst = appendOptional(dst, "elsewhere", n.Elsewhere)
	dst = appendOptional(dst, "condition", n.Condition)
	if n.ConditionLine != 0 {
		dst = append(dst, `,"condition_line":`...)
		dst = strconv.AppendInt(dst, int64(n.ConditionLine), 10)
	}
	if len(n.Saw) == 0 {
		return append(dst, '}')
	}
	dst = append(dst, `,"saw":[`...)
	for i, s := range n.Saw[:min(len(n.Saw), maxRules)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"path":`...)
		dst = appendCut(dst, s.Path, maxEntry)
		dst = appendMember(dst, "type", s.Type)
		if s.Size != 0 {
			dst = append(dst, `,"size":`...)
			dst = strconv.AppendInt(dst, int64(s.Size), 10)
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}

func appendTerms(dst []byte, t *Terms) []byte {
	if t == nil {
		return dst
	}
	dst = append(dst, `,"terms":{`...)
	open := len(dst)
	member := func(name string) {
		if len(dst) > open {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, '"', ':')
	}
	text := func(name, text string) {
		if text != "" {
			member(name)
			dst = appendText(dst, text)
		}
	}
	list := func(name string, texts []string) {
		if len(texts) > 0 {
			member(name)
			dst = appendTexts(dst, texts)
		}
	}
	flag := func(name string, set bool) {
		if set {
			member(name)
			dst = append(dst, "true"...)
		}
	}
	text("title", t.Title)
	list("windows", t.Windows)
	list("origins", t.Origins)
	list("commands", t.Commands)
	list("args", t.Args)
	if !t.Expires.IsZero() {
		member("expires")
		dst = t.Expires.UTC().AppendFormat(append(dst, '"'), timeLayout)
		dst = append(dst, '"')
	}
	flag("once", t.Once)
	list("sessions", t.Sessions)
	flag("persist", t.Persist)
	flag("cancel_running", t.CancelRunning)
	return append(dst, '}')
}

func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, text := range texts[:min(len(texts), maxList)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCut(dst, text, maxEntry)
	}
	return append(dst, ']')
}

func appendStreamed(dst []byte, s *Streamed) []byte {
	if s == nil {
		return dst
	}
	dst = strconv.AppendInt(append(dst, `,"streamed":{"items_in":`...), s.ItemsIn, 10)
	dst = strconv.AppendInt(append(dst, `,"bytes_in":`...), s.BytesIn, 10)
	dst = strconv.AppendInt(append(dst, `,"items_out":`...), s.ItemsOut, 10)
	dst = strconv.AppendInt(append(dst, `,"bytes_out":`...), s.BytesOut, 10)
	return append(dst, '}')
}

func appendStages(dst []byte, s *Stages) []byte {
	if *s == (Stages{}) {
		return dst
	}
	dst = append(dst, `,"stages_ns":{`...)
	open := len(dst)
	dst = appendStage(dst, open, "open", s.Open)
	dst = appendStage(dst, open, "parse", s.Parse)
	dst = appendStage(dst, open, "schema", s.Schema)
	dst = appendStage(dst, open, "policy", s.Policy)
	dst = appendStage(dst, open, "prompt", s.Prompt)
	dst = appendStage(dst, open, "record", s.Record)
	dst = appendStage(dst, open, "handler", s.Handler)
	dst = appendStage(dst, open, "output", s.Output)
	dst = appendStage(dst, open, "seal", s.Seal)
	return append(dst, '}')
}

func appendStage(dst []byte, open int, name string, d time.Duration) []byte {
	if d == 0 {
		return dst
	}
	if len(dst) > open {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return strconv.AppendInt(dst, int64(d), 10)
}

func appendOptional(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendMember(dst, name, text)
}

func appendMember(dst []byte, name, text string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendText(dst, text)
}

const hexDigits = "0123456789abcdef"

// appendText appends text as a JSON string. Quotes, backslashes and all that
// is not printable are escaped: line breaks, terminal escapes, C1 controls,
// marks that turn the writing direction round. Bytes that are not UTF-8
// become U+FFFD.
func appendText(dst []byte, text string) []byte { return appendCut(dst, text, maxText) }

func appendCut(dst []byte, text string, most int) []byte {
	cut := false
	if len(text) > most {
		text, cut = text[:most], true
		// Not in the middle of a character, so that cutting adds no U+FFFD.
		for len(text) > most-utf8.UTFMax && !lastRuneWhole(text) {
			text = text[:len(text)-1]
		}
	}
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
			if unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
				i += size
				continue
			}
		}
		dst = append(dst, text[start:i]...)
		dst = appendEscaped(dst, r)
		i += size
		start = i
	}
	dst = append(dst, text[start:]...)
	if cut {
		dst = append(dst, "…"...)
	}
	return append(dst, '"')
}

func lastRuneWhole(text string) bool {
	r, size := utf8.DecodeLastRuneInString(text)
	return r != utf8.RuneError || size > 1
}

func appendEscaped(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\t':
		return append(dst, '\\', 't')
	case r > 0xffff:
		r -= 0x10000
		dst = appendUnit(dst, 0xd800+r>>10)
		return appendUnit(dst, 0xdc00+r&0x3ff)
	default:
		return appendUnit(dst, r)
	}
}

func appendUnit(dst []byte, u rune) []byte {
	return append(dst, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}

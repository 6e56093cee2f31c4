package schema

import (
	"math"
	"regexp"
	"unicode/utf8"
)

// A textRule holds what is asked of a string.
type textRule struct {
	least, most int // code points
	format      func(string) bool
	pattern     *fastPattern
}

// A fastPattern is a regular expression, and what may stand for it.
type fastPattern struct {
	re    *regexp.Regexp
	size  int      // instructions
	quick *matcher // means the same; nil if there is none
}

func (r *checker) string(q *textRule, n *node) verdict {
	literal := n.raw()
	if !n.escaped {
		return r.text(q, literal[1:len(literal)-1])
	}
	if !r.spend(len(literal) / 16) {
		return unknown
	}
	if q.format == nil && q.pattern == nil {
		return sure(q.fits(points(literal[1 : len(literal)-1])))
	}
	return r.text(q, n.Text())
}

// text takes the string unescaped.
func (r *checker) text(q *textRule, text string) verdict {
	size := len(text)
	if size < q.least {
		return no
	}
	// A code point has up to four bytes: count only where that leaves it open.
	if size > q.most || q.least > 1 && size/4 < q.least {
		if !r.spend(size / 64) {
			return unknown
		}
		if !q.fits(utf8.RuneCountInString(text)) {
			return no
		}
	}
	if q.format != nil {
		if !r.spend(size / 4) {
			return unknown
		}
		if !q.format(text) {
			return no
		}
	}
	if q.pattern != nil {
		return r.match(q.pattern, text)
	}
	return yes
}

func (q *textRule) fits(points int) bool { return points >= q.least && points <= q.most }

// match has the judge's bound.
func (r *checker) match(p *fastPattern, text string) verdict {
	if p.quick != nil {
		if !r.spend(len(text) / 16) {
			return unknown
		}
		return sure(p.quick.matches(text))
	}
	if r.matching -= matchingCost(text, p.size); r.matching < 0 {
		return unknown
	}
	return sure(p.re.MatchString(text))
}

// points counts the code points of a string between its quotes, without unescaping it. Parse has
// seen to it that surrogates come in pairs.
func points(literal string) int {
	count := 0
	for i := 0; i < len(literal); {
		switch c := literal[i]; {
		case c == '\\' && literal[i+1] == 'u':
			// The second half of a pair, \uDC00 to \uDFFF, belongs to the first.
			if d := literal[i+2] | 0x20; d != 'd' || literal[i+3]|0x20 < 'c' {
				count++
			}
			i += 6
		case c == '\\':
			count++
			i += 2
		default:
			if utf8.RuneStart(c) {
				count++
			}
			i++
		}
	}
	return count
}

// compileText returns nil if nothing is asked.
func compileText(least, most int, format func(string) bool, pattern *fastPattern) *textRule {
	q := &textRule{least: max(least, 0), most: most, format: format, pattern: pattern}
	if most < 0 {
		q.most = math.MaxInt
	}
	if q.least == 0 && most < 0 && format == nil && pattern == nil {
		return nil
	}
	return q
}

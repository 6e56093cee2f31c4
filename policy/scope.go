package policy

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// judgement is what the scope library can tell of its operands alone.
type judgement uint8

const (
	outside  judgement = iota
	inside             // certainly
	doubtful           // it depends on who reads the text, so each side of the policy takes what denies
	mistyped           // an operand is of another type than the function is about
)

// Names of the functions of data.sallyport.scope.
const (
	pathInside = "path_inside"
	glob       = "glob"
	urlMatches = "url_matches"
	hostIn     = "host_in"
	oneOf      = "one_of"
	sizeAtMost = "size_at_most"
)

// A scopeFunction is one function of data.sallyport.scope. All have two operands: what a call brings,
// and what the policy holds it to.
type scopeFunction struct {
	operands string      // their names in order
	bound    int         // index of the operand that the policy's author writes, 0 or 1
	wants    schema.Kind // of that operand
	// check says what is wrong with a text or number that the author wrote there, or in the list there.
	check func(x *lexicon, v schema.Value) error
	// judge is given no nulls: those are outside everything.
	judge func(x *lexicon, a, b schema.Value) judgement
}

// scopeFunctions are the library by name.
func scopeFunctions() map[string]scopeFunction {
	return map[string]scopeFunction{
		pathInside: {
			"path, dir", 1, schema.String,
			func(x *lexicon, v schema.Value) error { _, err := x.directory(v.Text()); return err },
			ofTexts((*lexicon).inside),
		},
		glob: {
			"pattern, path", 0, schema.String,
			func(x *lexicon, v schema.Value) error { _, err := x.pattern(v.Text()); return err },
			ofTexts((*lexicon).glob),
		},
		urlMatches: {
			"pattern, url", 0, schema.String,
			func(x *lexicon, v schema.Value) error { _, err := x.patterns.get(v.Text()); return err },
			ofTexts((*lexicon).urlMatches),
		},
		hostIn: {
			"url, hosts", 1, schema.Array,
			func(x *lexicon, v schema.Value) error { _, err := x.hosts.get(v.Text()); return err },
			(*lexicon).hostIn,
		},
		oneOf:      {"value, list", 1, schema.Array, nil, (*lexicon).oneOf},
		sizeAtMost: {"value, bytes", 1, schema.Number, checkSize, (*lexicon).sizeAtMost},
	}
}

// scopeSignatures lists the library for messages.
func scopeSignatures() string {
	var all []string
	functions := scopeFunctions()
	for _, name := range []string{pathInside, glob, urlMatches, hostIn, oneOf, sizeAtMost} {
		all = append(all, fmt.Sprintf("%s(%s)", name, functions[name].operands))
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

func ofTexts(judge func(x *lexicon, a, b string) judgement) func(x *lexicon, a, b schema.Value) judgement {
	return func(x *lexicon, a, b schema.Value) judgement {
		if a.Kind() != schema.String || b.Kind() != schema.String {
			return mistyped
		}
		return judge(x, a.Text(), b.Text())
	}
}

// holds judges a call of the function. nil stands for an argument that is absent.
func (f scopeFunction) holds(x *lexicon, a, b schema.Value) judgement {
	if a == nil || b == nil || a.Kind() == schema.Null || b.Kind() == schema.Null {
		return outside
	}
	return f.judge(x, a, b)
}

// A side is what is known of a call's place in its rule, as the prefix of the function's name.
type side string

const (
	certainly side = "certainly_" // where true speaks for the call
	possibly  side = "possibly_"  // where it speaks against it
	plainly   side = "plainly_"   // where nobody can say
)

// answer is what a judgement comes to. In doubt each side takes what denies; where the side isn't known,
// known is false. A wrong type is no doubt: it is false there.
func (s side) answer(j judgement) (answer, known bool) {
	switch {
	case j == outside || j == inside:
		return j == inside, true
	case s == plainly:
		return false, j == mistyped
	}
	return s == possibly, true
}

// urlMatches says whether a URL fits a WHATWG URL pattern.
func (x *lexicon) urlMatches(pattern, url string) judgement {
	p, err := x.patterns.get(pattern)
	if err != nil {
		return doubtful
	}
	a, err := parseURL(url)
	if err != nil {
		return doubtful
	}
	return p.match(a)
}

// hostIn says whether a URL leads to a host on a list.
func (x *lexicon) hostIn(url, hosts schema.Value) judgement {
	if url.Kind() != schema.String || hosts.Kind() != schema.Array {
		return mistyped
	}
	a, err := parseURL(url.Text())
	if err != nil {
		return doubtful
	}
	found := outside
	for h := range hosts.Elements() {
		if h.Kind() != schema.String {
			found = mistyped
			continue
		}
		e, err := x.hosts.get(h.Text())
		switch {
		case err != nil:
			found = doubtful
		case !e.matches(a):
		case web(a.scheme):
			return inside
		default:
			found = doubtful
		}
	}
	return found
}

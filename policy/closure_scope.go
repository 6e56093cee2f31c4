package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// preparers make of a text that a rule writes out, read once, what judges the other operand of a scope
// function. Functions that are not among them are asked as they are, without OPA's values for
// arguments.
func preparers() map[string]func(x *lexicon, text string) func(f *frame, v value) judgement {
	return map[string]func(x *lexicon, text string) func(f *frame, v value) judgement{
		glob:       (*lexicon).preparedGlob,
		pathInside: (*lexicon).preparedDirectory,
	}
}

func (x *lexicon) preparedGlob(text string) func(f *frame, v value) judgement {
	p, err := x.pattern(text)
	return func(f *frame, v value) judgement {
		c, j := f.path(x, v)
		switch {
		case j != inside:
			return j
		case err != nil:
			return doubtful
		}
		return x.fits(p, text, c.location, c.text)
	}
}

func (x *lexicon) preparedDirectory(text string) func(f *frame, v value) judgement {
	dir, err := x.directory(text)
	return func(f *frame, v value) judgement {
		c, j := f.path(x, v)
		switch {
		case j != inside:
			return j
		case err != nil:
			return doubtful
		}
		return x.lies(c.location, dir)
	}
}

// path is a path that can be judged. Where there is none, it says what to answer: null stands for an
// argument that is absent, and is in no directory.
//
// It answers as scopeFunction.holds does.
func (f *frame) path(x *lexicon, v value) (*cut, judgement) {
	t, ok := v.text()
	if !ok {
		if v.kind() == nullKind {
			return nil, outside
		}
		return nil, mistyped
	}
	c := f.cutPath(x, t)
	if c.err != nil {
		return nil, doubtful
	}
	return c, inside
}

// scoped makes the closure of a call of the scope library.
func (s *scope) scoped(name string, terms []*ast.Term, known []getter, a *answer, opa closure) closure {
	own, _ := strings.CutPrefix(name, ownPrefix+".")
	for _, at := range []side{certainly, possibly, plainly} {
		function, ok := strings.CutPrefix(own, string(at))
		f, also := scopeFunctions()[function]
		if !ok || !also {
			continue
		}
		judge := s.judge(f, function, terms[f.bound], known)
		return s.asked(name, known, a, opa, func(fr *frame) (holds, known bool) { return at.answer(judge(fr)) })
	}
	return opa
}

// judge makes what judges a call of a scope function.
func (s *scope) judge(f scopeFunction, name string, bound *ast.Term, known []getter) func(f *frame) judgement {
	x := s.env.lexicon
	if prepare, ok := preparers()[name]; ok && isText(bound) {
		text, _ := bound.Value.(ast.String)
		judge, operand := prepare(x, string(text)), known[1-f.bound]
		return func(fr *frame) judgement { return judge(fr, operand.value(fr)) }
	}
	first, second := known[0], known[1]
	return func(fr *frame) judgement {
		return f.holds(x, f.seen(0, first.value(fr)), f.seen(1, second.value(fr)))
	}
}

// seen is operand i as the scope library takes it.
func (f scopeFunction) seen(i int, v value) schema.Value {
	if v.arg != nil {
		return v.arg
	}
	return f.operand(i, ast.NewTerm(v.own))
}

// cut is a path of the arguments, cut into its names. Its memory is used again.
type cut struct {
	location
	text string
	err  error
}

func (c *cut) forget() {
	clear(c.parts)
	c.location, c.text, c.err = location{parts: c.parts[:0]}, "", nil
}

// cutPath cuts a path once in a call, however many functions look at it.
func (f *frame) cutPath(x *lexicon, path string) *cut {
	for i := range min(f.cut, len(f.cuts)) {
		if c := &f.cuts[i]; c.text == path {
			return c
		}
	}
	c := &f.cuts[f.cut%len(f.cuts)]
	f.cut++
	c.forget()
	c.text = path
	c.location, c.err = x.splitInto(c.parts, path)
	return c
}

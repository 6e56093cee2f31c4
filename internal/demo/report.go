package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/audits"
)

// A Report is how one run of all attacks ended, as `sallyport demo --json`
// prints it.
type Report struct {
	Browser string `json:"browser"` // chromium, firefox, or "default" where the user's own was opened
	Cases   []Case `json:"cases"`   // one for each attack, in a fixed order
	Benign  Benign `json:"benign"`
	Passed  bool   `json:"passed"` // every case as it should be, and every benign call ok

	problem string // of the page, in its own words
}

// A Case is one attack on both sides.
type Case struct {
	Name     string  `json:"name"`
	Direct   string  `json:"direct"`   // Executed or Unproven
	Isolated string  `json:"isolated"` // Denied, Discarded, Executed or Unproven
	Stage    string  `json:"stage"`    // that stopped it
	Rule     *string `json:"rule"`     // file:line; nil outside policy
	Micros   float64 `json:"micros"`   // that the core took over it

	Holds   bool   `json:"-"` // executed on the one side, stopped on the other
	Problem string `json:"-"` // why it doesn't hold
}

// Benign counts calls of the notes on the page, as the core's records have them.
type Benign struct {
	Calls int `json:"calls"`
	OK    int `json:"ok"`
}

// leastBenign is how many benign calls a run has to have made.
const leastBenign = 20

// judge makes a case of evidence.
func (a attack) judge(e evidence) Case {
	c := Case{Name: a.name, Direct: Unproven, Isolated: Unproven}
	direct := a.direct(e)
	if direct == nil {
		c.Direct = Executed
	}
	o, err := a.isolated(e)
	if o.isolated != "" {
		c.Isolated = o.isolated
	}
	c.Stage, c.Micros = o.stage, micros(o.took)
	if o.rule != "" {
		c.Rule = &o.rule
	}
	switch {
	case direct != nil:
		c.Problem = "unprotected side: " + direct.Error()
	case err != nil:
		c.Problem = "protected side: " + err.Error()
	default:
		c.Holds = true
	}
	return c
}

// judgeBenign counts the calls on record, each of which has to be done.
func judgeBenign(e evidence) Benign {
	var b Benign
	for _, r := range e.records {
		switch {
		case r.Kind == audits.KindDecision:
			b.Calls++
		case r.Verdict == audits.VerdictDone:
			b.OK++
		}
	}
	return b
}

// report sums up what there is so far.
func report(browser string, cases map[string]Case, benign Benign) Report {
	r := Report{Browser: browser, Benign: benign}
	r.Passed = benign.OK == benign.Calls && benign.Calls >= leastBenign
	for _, a := range attacks() {
		c, ok := cases[a.name]
		if !ok {
			c = Case{Name: a.name, Direct: Unproven, Isolated: Unproven, Problem: "the page did not run it"}
		}
		r.Cases = append(r.Cases, c)
		r.Passed = r.Passed && c.Holds
	}
	return r
}

// Problems lists what does not hold, in sentences without a full stop.
func (r Report) Problems() []string {
	var problems []string
	if r.problem != "" {
		problems = append(problems, fmt.Sprintf("the page stopped: %q", r.problem))
	}
	for _, c := range r.Cases {
		if !c.Holds {
			problems = append(problems, c.Name+": "+c.Problem)
		}
	}
	if r.Benign.Calls < leastBenign || r.Benign.OK != r.Benign.Calls {
		problems = append(problems, fmt.Sprintf("benign calls: %d of %d are done, expected at least %d and all of them", r.Benign.OK, r.Benign.Calls, leastBenign))
	}
	return problems
}

// Print writes the report as a table. mark colours a word, as bad or good.
func (r Report) Print(w io.Writer, mark func(word string, good bool) string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-21s  %-12s  %-12s  %s\n", "", "unprotected", "Sallyport", "stopped by")
	for _, c := range r.Cases {
		by := c.Stage
		if c.Rule != nil {
			by += ", " + *c.Rule
		}
		if c.Holds {
			by += fmt.Sprintf(", %.0f µs", c.Micros)
		} else {
			by = c.Problem
		}
		fmt.Fprintf(&b, "%-21s  %s  %s  %s\n", c.Name,
			mark(fmt.Sprintf("%-12s", strings.ToUpper(c.Direct)), false),
			mark(fmt.Sprintf("%-12s", strings.ToUpper(c.Isolated)), c.Isolated == Denied || c.Isolated == Discarded), by)
	}
	fmt.Fprintf(&b, "\n%d of %d benign calls done. ", r.Benign.OK, r.Benign.Calls)
	held := 0
	for _, c := range r.Cases {
		if c.Holds {
			held++
		}
	}
	fmt.Fprintf(&b, "%d of %d attacks executed without Sallyport and were stopped by it.\n", held, len(r.Cases))
	_, err := io.WriteString(w, b.String())
	return err
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()/10) / 100 }

// A callView is one call of the core as the page draws it.
type callView struct {
	ID      string    `json:"id"`
	Command string    `json:"command"`
	Verdict string    `json:"verdict"`
	Stage   string    `json:"stage"`
	Code    string    `json:"code"`
	Micros  float64   `json:"micros"`
	Stages  []segment `json:"stages"`
}

type segment struct {
	Name   string  `json:"name"`
	Micros float64 `json:"micros"`
}

// views shows each call once: by its outcome, or by its refusal.
func views(records []audits.Record) []callView {
	calls := []callView{}
	for _, r := range records {
		if r.Verdict == audits.VerdictAllow {
			continue // its outcome follows
		}
		v := callView{ID: r.ID, Command: r.Command, Verdict: r.Verdict, Stage: r.Stage, Code: r.Code, Micros: micros(total(r.Stages)), Stages: []segment{}}
		for _, s := range []struct {
			name string
			took time.Duration
		}{
			{"open", r.Stages.Open}, {"parse", r.Stages.Parse}, {"schema", r.Stages.Schema}, {"policy", r.Stages.Policy},
			{"record", r.Stages.Record}, {"handler", r.Stages.Handler}, {"output", r.Stages.Output},
		} {
			if s.took > 0 {
				v.Stages = append(v.Stages, segment{s.name, micros(s.took)})
			}
		}
		calls = append(calls, v)
	}
	return slices.Clip(calls)
}

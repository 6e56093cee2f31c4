package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Limits are the numbers that limit rules set for a window's calls of one command. A field
// that is zero is not limited by the policy.
type Limits struct {
	CallsPerSecond float64 // sustained
	Burst          int     // calls at once after a pause; where zero, CallsPerSecond says it
	Concurrency    int     // calls under way
	Bytes          int     // of one call's arguments, as JSON text
	BytesPerSecond float64 // of arguments, sustained
}

// Limits says what the limit rules that hold set for a window's calls of a command; of
// several the smallest number counts. The input's arguments, session and time play no part:
// a limit rule can't read them. An error means that the caller refuses the call.
func (p *Policy) Limits(ctx context.Context, in Input) (Limits, error) {
	e, err := p.prepared(ctx, &in)
	if err != nil {
		return Limits{}, err
	}
	return e.limits, nil
}

func limitFields() []string {
	return []string{"burst", "bytes", "bytes_per_second", "calls_per_second", "concurrency"}
}

// checkLimit holds a limit rule to one of its two shapes, with numbers in so many words.
func checkLimit(r *ast.Rule, plain, set bool) error {
	value := r.Head.Value
	if set {
		value = r.Head.Key
	}
	var numbers ast.Object
	if value != nil {
		numbers, _ = value.Value.(ast.Object)
	}
	switch {
	case r.Default || r.Else != nil:
		return errors.New("limit knows no default and no else: write a rule of its own for each case; the smallest number counts")
	case !plain || numbers == nil:
		return errors.New(`limit must be written limit contains {"calls_per_second": 5} if { ... }`)
	}
	_, err := readLimits(numbers)
	return err
}

func readLimits(numbers ast.Object) (Limits, error) {
	var l Limits
	fields := map[string]func(float64){
		"calls_per_second": func(n float64) { l.CallsPerSecond = n },
		"burst":            func(n float64) { l.Burst = int(n) },
		"concurrency":      func(n float64) { l.Concurrency = int(n) },
		"bytes":            func(n float64) { l.Bytes = int(n) },
		"bytes_per_second": func(n float64) { l.BytesPerSecond = n },
	}
	err := numbers.Iter(func(k, v *ast.Term) error {
		name, _ := k.Value.(ast.String)
		set := fields[string(name)]
		if set == nil {
			return fmt.Errorf("limit has no field %v: expected one of %s", k, strings.Join(limitFields(), ", "))
		}
		n, err := strconv.ParseFloat(v.String(), 64)
		whole := strings.HasSuffix(string(name), "_per_second") || n == float64(int32(n))
		if _, ok := v.Value.(ast.Number); !ok || err != nil || !(n > 0) || n > 1<<31-1 || !whole {
			return fmt.Errorf("limit: %v is %v: expected a number above 0 and below 2147483648, whole unless it is a rate", k, v)
		}
		set(n)
		return nil
	})
	switch {
	case err != nil:
		return Limits{}, err
	case l == Limits{}:
		return Limits{}, fmt.Errorf("limit sets no number: expected some of %s", strings.Join(limitFields(), ", "))
	case l.Burst > 0 && l.CallsPerSecond == 0:
		return Limits{}, errors.New("limit: burst is set without calls_per_second, which it belongs to")
	}
	return l, nil
}

// and is the stricter of both in every field.
func (l Limits) and(o Limits) Limits {
	return Limits{
		CallsPerSecond: least(l.CallsPerSecond, o.CallsPerSecond),
		Burst:          least(l.Burst, o.Burst),
		Concurrency:    least(l.Concurrency, o.Concurrency),
		Bytes:          least(l.Bytes, o.Bytes),
		BytesPerSecond: least(l.BytesPerSecond, o.BytesPerSecond),
	}
}

// least is the smaller of two numbers of which zero is none.
func least[T cmp.Ordered](a, b T) T {
	var none T
	switch {
	case a == none:
		return b
	case b == none:
		return a
	}
	return min(a, b)
}

// limit adds a limit rule that holds to the entry.
func (e *entry) limit(value *ast.Term) error {
	numbers, ok := value.Value.(ast.Object)
	if !ok {
		return errUnexpected
	}
	l, err := readLimits(numbers)
	if err == nil {
		e.limits = e.limits.and(l)
	}
	return err
}

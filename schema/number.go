package schema

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
)

var (
	errFraction = errors.New("not a whole number")
	errRange    = errors.New("out of range")
	errDigits   = errors.New("written with more digits than the type can keep apart")
)

// numeralOf returns what sets Go numbers of a type's kind, nil for other kinds.
func numeralOf(t reflect.Type) numeral {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return setUint
	case reflect.Float32, reflect.Float64:
		return setFloat
	}
	return nil
}

func setInt(literal string, at reflect.Value) error {
	n, ok := short(literal)
	if !ok {
		var err error
		if n, err = integer(literal); err != nil {
			return misfit(at, "the number is "+err.Error())
		}
	}
	if at.OverflowInt(n) {
		return misfit(at, "the number is "+errRange.Error())
	}
	at.SetInt(n)
	return nil
}

func setUint(literal string, at reflect.Value) error {
	if n, ok := short(literal); ok && n >= 0 && !at.OverflowUint(uint64(n)) {
		at.SetUint(uint64(n))
		return nil
	}
	n, err := unsigned(literal)
	if err == nil && at.OverflowUint(n) {
		err = errRange
	}
	if err != nil {
		return misfit(at, "the number is "+err.Error())
	}
	at.SetUint(n)
	return nil
}

func setFloat(literal string, at reflect.Value) error {
	f, err := float(literal, at.Type().Bits())
	if err != nil {
		return misfit(at, "the number is "+err.Error())
	}
	at.SetFloat(f)
	return nil
}

func setLiteral(literal string, at reflect.Value) error {
	at.SetString(literal)
	return nil
}

func setBig(literal string, at reflect.Value) error {
	// Parse has bounded the literal and its exponent.
	r, ok := new(big.Rat).SetString(literal)
	if !ok || !r.IsInt() {
		return misfit(at, "the number is "+errFraction.Error())
	}
	at.Set(reflect.ValueOf(r.Num()).Elem())
	return nil
}

// whole reads a number's literal as a sign and a whole magnitude, exactly. 10, 10.0, 1e1
// and 100e-1 are one number, as they are to JSON Schema.
func whole(literal string) (negative bool, magnitude uint64, err error) {
	digits, negative := strings.CutPrefix(literal, "-")
	if len(digits) < 20 && strings.Trim(digits, "0123456789") == "" {
		magnitude, err = strconv.ParseUint(digits, 10, 64)
		return negative, magnitude, err
	}
	exponent := 0
	if at := strings.IndexAny(digits, "eE"); at >= 0 {
		if exponent, err = strconv.Atoi(digits[at+1:]); err != nil {
			return negative, 0, errRange
		}
		digits = digits[:at]
	}
	if at := strings.IndexByte(digits, '.'); at >= 0 {
		exponent -= len(digits) - at - 1
		digits = digits[:at] + digits[at+1:]
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return negative, 0, nil
	}
	significant := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(significant)
	if exponent < 0 {
		return negative, 0, errFraction
	}
	// 20 digits hold every uint64; the check also keeps Repeat small.
	if len(significant)+exponent > 20 {
		return negative, 0, errRange
	}
	magnitude, err = strconv.ParseUint(significant+strings.Repeat("0", exponent), 10, 64)
	if err != nil {
		return negative, 0, errRange
	}
	return negative, magnitude, nil
}

// integer reads a literal as an int64.
func integer(literal string) (int64, error) {
	negative, magnitude, err := whole(literal)
	switch {
	case err != nil:
		return 0, err
	case negative && magnitude <= 1<<63:
		return -int64(magnitude), nil // -(1<<63) wraps to itself
	case !negative && magnitude < 1<<63:
		return int64(magnitude), nil
	}
	return 0, errRange
}

// unsigned reads a literal as a uint64; -0 is 0.
func unsigned(literal string) (uint64, error) {
	negative, magnitude, err := whole(literal)
	if err == nil && negative && magnitude != 0 {
		err = errRange
	}
	return magnitude, err
}

// float reads a literal as the nearest float of that many bits. What would become an
// infinity, or zero without being zero, is out of range: a policy that saw a number
// above zero and a handler that gets zero would disagree. So would one that saw
// 99.99999999999999999 and a handler that gets 100: a float64 takes only the shortest text
// of itself, which is what JavaScript writes, and its exact value. A float32 rounds.
func float(literal string, bits int) (float64, error) {
	f, err := strconv.ParseFloat(literal, bits)
	if err != nil {
		return 0, errRange
	}
	if f == 0 {
		mantissa, _, _ := strings.Cut(strings.ToLower(literal), "e")
		if strings.Trim(mantissa, "-0.") != "" {
			return 0, errRange
		}
	}
	if bits == 64 && !shortest(literal, f) {
		return 0, errDigits
	}
	return f, nil
}

// shortest reports whether a literal is the shortest decimal that is read as f, however it is
// written, or f itself.
func shortest(literal string, f float64) bool {
	if len(literal) <= 15 && !strings.ContainsAny(literal, "eE") {
		return true // float64s of that size tell so few digits apart
	}
	var buffer [32]byte
	if string(appendFloat(buffer[:0], f, 64)) == literal {
		return true
	}
	exact, ok := new(big.Rat).SetString(literal)
	if !ok {
		return false
	}
	short, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return ok && short.Cmp(exact) == 0 || exact.Cmp(new(big.Rat).SetFloat64(f)) == 0
}

// appendFloat writes a finite float of that many bits as ECMA-262 does: the shortest text that
// is read as it.
func appendFloat(dst []byte, f float64, bits int) []byte {
	size := math.Abs(f)
	small, large := size < 1e-6, size >= 1e21
	if bits == 32 {
		small, large = float32(size) < 1e-6, float32(size) >= 1e21
	}
	if size == 0 || !small && !large {
		return strconv.AppendFloat(dst, f, 'f', -1, bits)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // Go writes two digits of an exponent, 1e-07
		dst = append(dst[:n-2], dst[n-1])
	}
	return dst
}

// isNumber reports whether a text is one number of JSON, within the bounds that Parse has for
// those of a document.
func isNumber(text string) bool {
	if text == "" {
		return false
	}
	most := DefaultLimits()
	end, problem := number(text, 0, most.Number, most.Exponent)
	return problem == "" && end == len(text)
}

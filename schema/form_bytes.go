package schema

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A bytesForm is what is known of bytes that go beside the text.
type bytesForm struct {
	types       []string // media types; nil for any
	least, most int64    // bytes; -1 for no bound
}

// beside makes the form that of bytes beside the text.
func (f *form) beside() {
	b := bytesForm{least: 0, most: -1}
	if isBytes(f.t) {
		b.types = []string{anyBytes}
	}
	f.kind, f.binary = Object, &b
	size := &form{t: reflect.TypeFor[int64](), kind: Number, whole: true, low: new(big.Int), high: big.NewInt(math.MaxInt64), length: -1}
	media := &form{t: reflect.TypeFor[string](), kind: String, length: -1}
	f.members = []property{
		{use: use{of: size}, name: bytesMember, field: bytesMember, required: true},
		{use: use{of: media}, name: typeMember, field: typeMember, required: true},
	}
}

// said is the form's kind in words.
func (f *form) said() string {
	if f.binary != nil {
		return "bytes beside the text"
	}
	return kindName(f.kind)
}

// changed is the use with its bytes, or those that its list holds, as tags have them.
func (u use) changed(b *bytesForm) use {
	of := *u.of
	if of.binary == nil { // a list
		of.items = of.items.changed(b)
	} else {
		of.binary = b
	}
	u.of = &of
	return u
}

// ofBytes reads a word about bytes: their number, or their media type.
func (r *ruleReader) ofBytes(word, value string, f *form) error {
	if r.binary == nil {
		b := *f.binary
		r.binary = &b
	}
	switch word {
	case "minLength", "maxLength":
		n, err := shortCount(word, value)
		if err != nil {
			return err
		}
		if r.given[word] {
			return fmt.Errorf("%s is given twice", word)
		}
		if word == "minLength" {
			r.binary.least = n
		} else {
			r.binary.most = n
		}
		if r.binary.most >= 0 && r.binary.least > r.binary.most {
			return fmt.Errorf("minLength is above maxLength, so that nothing fits")
		}
	case "mediaType":
		return r.mediaType(value, f)
	default:
		return fmt.Errorf("%s isn't for bytes, of which only minLength, maxLength and mediaType say something", word)
	}
	r.given[word] = true
	return nil
}

func (r *ruleReader) mediaType(value string, f *form) error {
	switch {
	case r.written && isBytes(f.t) && value != anyBytes:
		return fmt.Errorf("mediaType: %v is written as %s; take a schema.Blob for other types", f.t, anyBytes)
	case value == "any" && !r.given["mediaType"]:
		r.binary.types = nil
	case value == "any" || r.given["mediaType"] && (r.binary.types == nil || slices.Contains(r.binary.types, value)):
		return fmt.Errorf("mediaType=any says all, and a type is named once")
	case !isMediaType(value):
		return fmt.Errorf("mediaType is %q; want type/subtype in lower case without parameters, such as image/png, once for each, or any", value)
	case !r.given["mediaType"]:
		r.binary.types = []string{value}
	default:
		r.binary.types = append(r.binary.types, value)
	}
	r.given["mediaType"] = true
	return nil
}

// shortCount reads a number of things from a tag.
func shortCount(word, value string) (int64, error) {
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != value {
		return 0, fmt.Errorf("%s is %q; want a whole number from 0 to 2147483647", word, value)
	}
	return int64(n), nil
}

// write writes the members of the object that stands for bytes.
func (b *bytesForm) write(o *keywords) {
	size := fmt.Sprintf(`"type":"integer","minimum":%d`, b.least)
	if b.most >= 0 {
		size += fmt.Sprintf(`,"maximum":%d`, b.most)
	}
	media := `"type":"string"`
	switch {
	case len(b.types) == 1:
		media = `"const":` + strconv.Quote(b.types[0])
	case len(b.types) > 1:
		media = `"enum":["` + strings.Join(b.types, `","`) + `"]`
	}
	o.set("required", fmt.Appendf(nil, `[%q,%q]`, bytesMember, typeMember))
	o.set("properties", fmt.Appendf(nil, `{%q:{%s},%q:{%s}}`, bytesMember, size, typeMember, media))
	o.set("additionalProperties", []byte("false"))
}

// textOfBytes is the form of a []byte with the tag option format:base64.
func (f *form) textOfBytes() *form {
	return &form{t: f.t, kind: String, null: f.null, format: base64Format, length: -1, about: f.about}
}

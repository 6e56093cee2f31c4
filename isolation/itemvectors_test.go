package isolation

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// itemsVectors are batches of both directions, and some that must be refused.
func itemsVectors() []itemsVector {
	raw := []sectionVector{{"application/octet-stream", hexBytes{0, 0xff, 0x10}}, {"image/svg+xml", nil}}
	const two = `{"a":{"$bytes":3,"type":"application/octet-stream"},"b":{"$bytes":0,"type":"image/svg+xml"}}`
	list := []itemsVector{
		{Name: "a batch of calls and reports", Direction: toCore, Items: []itemVector{
			{Kind: 1, ID: 7, Command: "notes.list", JSON: "{}"},
			{Kind: 1, ID: 8, Timeout: 4294967295, Command: "notes.save", JSON: `["é",null]`},
			{Kind: 2, ID: 7},
			{Kind: 3, ID: 9, Cause: CauseTimeout, What: 1, Command: "notes.delete"},
			{Kind: 3, ID: 12, Cause: CauseDropped},
			{Kind: 3, ID: 13, Cause: CauseRefused, What: 9, Command: "notes.changed"},
			{Kind: 4, ID: 7, Cause: CauseThrew, What: 1, Command: "notes.list"},
			{Kind: 4, ID: 7, Cause: CauseThrew, What: 7, Command: "notes.list"},
		}},
		{Name: "events and streams to the core", Direction: toCore, Items: []itemVector{
			{Kind: 1, ID: 1, Wants: wantsAll, Command: "files.put", JSON: two, Sections: raw},
			{Kind: 5, ID: 2, Command: "notes.changed", JSON: `"€"`},
			{Kind: 5, ID: 3, Command: "notes.changed", Target: "editor-2", JSON: two, Sections: raw},
			{Kind: 6, ID: 4, Command: "notes.changed"},
			{Kind: 7, ID: 1, JSON: "[1]"},
			{Kind: 7, ID: 1, Offset: MaxOffset, JSON: two, Sections: raw},
			{Kind: 8, ID: 1, Offset: 1 << 32},
			{Kind: 8, ID: 1, Aborted: true},
			{Kind: 9, ID: 4, Offset: 1<<40 + 5},
		}},
		{Name: "a result and an error", Direction: toFrame, Items: []itemVector{
			{Kind: 1, ID: 7, JSON: "null"},
			{Kind: 2, ID: 8, JSON: `{"code":"denied","id":"abcdefgh-8"}`},
		}},
		{Name: "events and streams from the core", Direction: toFrame, Items: []itemVector{
			{Kind: 1, ID: 1, JSON: two, Sections: raw},
			{Kind: 3, ID: 2, JSON: "[1]"},
			{Kind: 3, ID: 2, Offset: 1 << 33, JSON: two, Sections: raw},
			{Kind: 4, ID: 3, Offset: MaxOffset, Number: 1, JSON: "1"},
			{Kind: 4, ID: 3, Number: 1 << 32, Text: "main", JSON: two, Sections: raw},
			{Kind: 5, ID: 2, Offset: 99},
			{Kind: 6, ID: 1, Offset: StreamWindow},
			{Kind: 7, ID: 1, Offset: 3, Number: MaxOffset, Text: "é"},
			{Kind: 7, ID: 1},
		}},
	}
	for i := range list {
		list[i].Plaintext = makeItems(list[i].Items...)
		if list[i].Direction == toFrame {
			list[i].Plaintext = makeAnswers(list[i].Items...)
		}
	}
	up := refusals(toCore, list[1].Plaintext, refusedUp(), makeItems)
	down := refusals(toFrame, list[3].Plaintext, refusedDown(), makeAnswers)
	return slices.Concat(list, up, down)
}

// A broken is a plaintext that breaks the grammar in one way.
type broken struct {
	name  string
	plain []byte
}

// refusals adds to some refusals those that every batch has.
func refusals(d direction, whole []byte, list []broken, encode func(...itemVector) []byte) (out []itemsVector) {
	body := encode(itemVector{Kind: bodyKind(d), ID: 1, JSON: "1", Sections: []sectionVector{{"a/b", hexBytes{5}}}})
	size := len(body) - 5 // where the length of the section stands
	put := func(at int, b ...byte) []byte { c := bytes.Clone(body); copy(c[at:], b); return c }
	count := bytes.Index(body, []byte{1, 0, 0, 0, 1, '1'})
	many := itemVector{Kind: bodyKind(d), ID: 1, JSON: "1"}
	for range MaxSections + 1 {
		many.Sections = append(many.Sections, sectionVector{Type: "a/b"})
	}
	list = append(list,
		broken{"nothing", nil},
		broken{"kind 0", []byte{0, 0, 0, 0, 1}},
		broken{"an unknown kind", []byte{10, 0, 0, 0, 1}},
		broken{"cut in an item", whole[:len(whole)-1]},
		broken{"a byte too many", append(bytes.Clone(whole), 0)},
		broken{"a section that claims more than there is", put(size, 0, 0, 0, 2)},
		broken{"a section that claims less than there is", put(size, 0, 0, 0, 0)},
		broken{"a section of 4 GiB", put(size, 0xff, 0xff, 0xff, 0xff)},
		broken{"JSON of 4 GiB", put(count+1, 0xff, 0xff, 0xff, 0xff)},
		broken{"a section less than it says", put(count, 2)},
		broken{"a section more than it says", put(count, 0)},
		broken{"more sections than there may be", encode(many)},
	)
	for _, media := range []string{"", "a", "a/", "/b", "a/b/c", "A/b", "a/b;c=d", "a /b", ".a/b", "a/b*", "a/é", "a/" + strings.Repeat("b", 126)} {
		item := itemVector{Kind: bodyKind(d), ID: 1, JSON: "1", Sections: []sectionVector{{Type: media}}}
		list = append(list, broken{fmt.Sprintf("the media type %.20q", media), encode(item)})
	}
	for _, r := range list {
		out = append(out, itemsVector{Name: "refused: " + r.name, Direction: d, Plaintext: r.plain})
	}
	return out
}

func bodyKind(d direction) uint8 {
	if d == toFrame {
		return kindResult
	}
	return uint8(ItemEmit)
}

func refusedUp() []broken {
	end := makeItems(itemVector{Kind: 8, ID: 1})
	return []broken{
		{"dropped reports of a command", makeItems(itemVector{Kind: 3, ID: 12, Cause: CauseDropped, Command: "x"})},
		{"dropped reports of a kind", makeItems(itemVector{Kind: 3, ID: 12, Cause: CauseDropped, What: 1})},
		{"dropped reports of answers", makeItems(itemVector{Kind: 4, ID: 12, Cause: CauseDropped})},
		{"cause 0", makeItems(itemVector{Kind: 3, ID: 12, What: 1})},
		{"a cause too many", makeItems(itemVector{Kind: 3, ID: 12, Cause: CauseDropped + 1, What: 1})},
		{"a report of a report", makeItems(itemVector{Kind: 3, ID: 12, Cause: CauseThrew, What: 3})},
		{"a report of a kind that the frame does not send", makeItems(itemVector{Kind: 3, ID: 12, Cause: CauseThrew, What: 10})},
		{"hidden of a kind that the core does not send", makeItems(itemVector{Kind: 4, ID: 12, Cause: CauseThrew, What: kindLast + 1})},
		{"wants nobody knows", makeItems(itemVector{Kind: 1, ID: 1, Wants: wantsAll + 1, Command: "a", JSON: "1"})},
		{"a command too long", makeItems(itemVector{Kind: 1, ID: 1, Command: strings.Repeat("a", MaxCommand+1), JSON: "1"})},
		{"an event too long", makeItems(itemVector{Kind: 6, ID: 1, Command: strings.Repeat("a", MaxCommand+1)})},
		{"a label too long", makeItems(itemVector{Kind: 5, ID: 1, Command: "a", Target: strings.Repeat("a", MaxCommand+1), JSON: "1"})},
		{"an end that is neither complete nor aborted", append(end[:len(end)-1:len(end)-1], 2)},
		{"an offset of 2^53", makeItems(itemVector{Kind: 7, ID: 1, Offset: MaxOffset + 1, JSON: "1"})},
		{"an end at 2^53", makeItems(itemVector{Kind: 8, ID: 1, Offset: MaxOffset + 1})},
		{"a limit of 2^64-1", makeItems(itemVector{Kind: 9, ID: 1, Offset: 1<<64 - 1})},
	}
}

func refusedDown() []broken {
	at := func(kind uint8, numbers ...uint64) []byte {
		b := []byte{kind, 0, 0, 0, 1}
		for _, n := range numbers {
			b = binary.BigEndian.AppendUint64(b, n)
		}
		return b
	}
	const far = MaxOffset + 1
	return []broken{
		{"an offset of 2^53", AppendBody(at(3, far), []byte("1"), nil)},
		{"an event's offset of 2^53", AppendBody(append(at(4, far, 1), 0), []byte("1"), nil)},
		{"an event's number of 2^53", AppendBody(append(at(4, 1, far), 0), []byte("1"), nil)},
		{"an end at 2^53", at(5, far)},
		{"a limit of 2^64-1", at(6, 1<<64-1)},
		{"2^53 done", append(at(7, far, 1), 0)},
		{"a total of 2^53", append(at(7, 1, far), 0)},
		{"JSON that is not UTF-8", AppendResult(nil, 1, []byte{0xff})},
		{"a label that is not UTF-8", AppendBody(AppendEvent(nil, 1, 1, "\xff"), []byte("1"), nil)},
		{"a text that is not UTF-8", append(at(7, 1, 1), 1, 0xff)},
		{"a cut label", append(at(4, 1, 1), 9, 'a')},
	}
}

func makeItems(items ...itemVector) (b []byte) {
	text := func(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }
	for _, i := range items {
		b = binary.BigEndian.AppendUint32(append(b, i.Kind), i.ID)
		switch ItemKind(i.Kind) {
		case ItemCall:
			b = text(append(binary.BigEndian.AppendUint32(b, i.Timeout), byte(i.Wants)), i.Command)
			b = AppendBody(b, []byte(i.JSON), i.sections())
		case ItemReport, ItemHidden:
			b = text(append(b, byte(i.Cause), i.What), i.Command)
		case ItemEmit:
			b = AppendBody(text(text(b, i.Command), i.Target), []byte(i.JSON), i.sections())
		case ItemListen:
			b = text(b, i.Command)
		case ItemUpload:
			b = AppendBody(binary.BigEndian.AppendUint64(b, i.Offset), []byte(i.JSON), i.sections())
		case ItemEnd:
			how := byte(0)
			if i.Aborted {
				how = 1
			}
			b = append(binary.BigEndian.AppendUint64(b, i.Offset), how)
		case ItemCredit:
			b = binary.BigEndian.AppendUint64(b, i.Offset)
		}
	}
	return b
}

func makeAnswers(items ...itemVector) (b []byte) {
	for _, i := range items {
		start := len(b)
		switch i.Kind {
		case kindResult:
			b = append(b, EndBody(append(BeginResult(nil, i.ID), i.JSON...), ResultStart, i.sections())...)
		case kindError:
			b = AppendError(b, i.ID, []byte(i.JSON))
		case kindItem:
			b = append(b, EndBody(append(BeginItem(nil, i.ID), i.JSON...), ItemStart, i.sections())...)
			PutOffset(b[start:], i.Offset)
		case kindEvent:
			b = AppendBody(AppendEvent(b, i.ID, i.Number, i.Text), []byte(i.JSON), i.sections())
			PutOffset(b[start:], i.Offset)
		case kindEnd:
			b = AppendEnd(b, i.ID, i.Offset)
		case kindCredit:
			b = AppendCredit(b, i.ID, i.Offset)
		case kindProgress:
			b = AppendProgress(b, i.ID, i.Offset, i.Number, i.Text)
		}
	}
	return b
}

package peer

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/sallyport/sallyport/isolation"
)

// AppendCall appends a call item. Timeout is rounded down to milliseconds;
// zero means none.
func AppendCall(dst []byte, id uint32, timeout time.Duration, command string, json []byte) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, byte(isolation.ItemCall)), id)
	dst = binary.BigEndian.AppendUint32(dst, uint32(timeout.Milliseconds()))
	dst = append(append(dst, byte(len(command))), command...)
	dst = append(dst, 0) // no raw sections
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(json)))
	return append(dst, json...)
}

// AppendCancel appends a cancel item.
func AppendCancel(dst []byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, byte(isolation.ItemCancel)), id)
}

// AppendReport appends a report of a call that the hook kept back.
func AppendReport(dst []byte, id uint32, cause isolation.Cause, command string) []byte {
	return appendReport(dst, isolation.ItemReport, id, cause, command)
}

// AppendHidden appends a report of an answer that the hook kept back.
func AppendHidden(dst []byte, id uint32, cause isolation.Cause, command string) []byte {
	return appendReport(dst, isolation.ItemHidden, id, cause, command)
}

func appendReport(dst []byte, kind isolation.ItemKind, id uint32, cause isolation.Cause, command string) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, byte(kind)), id)
	dst = append(dst, byte(cause), byte(len(command)))
	return append(dst, command...)
}

// An Answer is one item of the core: a result, or an error's JSON.
type Answer struct {
	ID     uint32
	Failed bool
	JSON   []byte
}

// Answers reads a batch of the core.
func Answers(plain []byte) ([]Answer, error) {
	var answers []Answer
	for len(plain) > 0 {
		if len(plain) < 9 || plain[0] < 1 || plain[0] > 2 {
			return nil, errors.New("peer: batch of the core does not follow the item grammar")
		}
		n := uint64(binary.BigEndian.Uint32(plain[5:]))
		if n > uint64(len(plain)-9) {
			return nil, errors.New("peer: answer is longer than its batch")
		}
		answers = append(answers, Answer{ID: binary.BigEndian.Uint32(plain[1:]), Failed: plain[0] == 2, JSON: plain[9 : 9+n]})
		plain = plain[9+n:]
	}
	return answers, nil
}

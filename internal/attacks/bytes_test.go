package attacks

import "testing"

// The core gets the bytes that were there when the page called, as many as the
// text beside them says and of the type that it says, or nothing.
func TestBytesThatLie(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "bytes"})
		const (
			ones = `ok {"text":"01010101 text/plain 626c6f62"}`
			some = `ok {"text":"01010101 text/plain 02020202"}`
			no   = "invalid_args"
			deaf = "no answer"
		)
		l.hold(t, l.visit("main"),
			verdict{"bytes as they were when the call was made", "C1", map[string]string{
				"plain": ones, "filled": ones, "transferred": ones, "detached": `ok {"text":" text/plain 626c6f62"}|invalid_args`, "view": ones, "buffer": ones,
			}, nil},
			verdict{"bytes that others share or that grow", "C1", map[string]string{
				"shared": no, "sharedBuffer": no, "sharedView": no, "words": no, "dataView": no, "grown": ones, "shrunk": `ok {"text":"0101 text/plain 626c6f62"}`,
			}, nil},
			verdict{"bytes that say of themselves what they are not", "C1", map[string]string{
				"lying": ones, "subclass": ones, "proxy": no, "twofaced": no, "disguise": no, "tagged": no, "blob": ones,
				"text/plain\r\nx: y": "*", "../..": "*", "TEXT/PLAIN": ones, "text/plain;a=b": ones, "xxxxxxxxxxxxxxxxxxxx": "*", "a/b/c": "*",
				"placeholder": no, "hidden": no,
			}, nil},
			verdict{"texts that lie about their bytes", "C1", map[string]string{
				"true": some, "too many said": no, "too few said": no, "none said": no, "less than none": no, "a fraction": no, "another form": no, "a text": no, "huge": no,
				"another type": no, "turned round": no, "one too few": no, "one too many": no, "none": no, "for nothing": no, "a member more": no, "a member less": no,
				"twice": no, "escaped": "*", "escaped without bytes": no, "base64": no, "numbers": no,
				"a wrong list": deaf, "no bytes": deaf, "words": deaf, "upper case": deaf, "very many": deaf, "too large": "too_large",
				"a part of more": some, "given away": some, "gone before": "*", "shared": "DataCloneError|no answer", "call": "ok",
			}, func(t *testing.T, s *seen) {
				// Whatever is taken is taken as it is.
				for _, h := range s.handlers("bytes") {
					if h.Text != "01010101 text/plain 02020202" && h.Text != " text/plain 02020202" {
						t.Errorf("the handler got %q", h.Text)
					}
				}
			}},
		)
	})
}

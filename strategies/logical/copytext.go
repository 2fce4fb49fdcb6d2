package logical

import "io"

// appendField appends a value as a field of COPY's text format.
func appendField(out, text []byte) []byte {
	start := 0
	for i, b := range text {
		var escape byte
		switch b {
		case '\\':
			escape = '\\'
		case '\t':
			escape = 't'
		case '\n':
			escape = 'n'
		case '\r':
			escape = 'r'
		default:
			continue
		}
		out = append(out, text[start:i]...)
		out = append(out, '\\', escape)
		start = i + 1
	}
	return append(out, text[start:]...)
}

// nullField is NULL; a text that looks like it has its backslash escaped.
const nullField = `\N`

// appendValue appends what is known of a value; nothing else is NULL here.
func appendValue(out []byte, v Value) []byte {
	if v.Kind != Text {
		return append(out, nullField...)
	}
	return appendField(out, v.Text)
}

// readSize is how much a stageReader makes at a time.
const readSize = 64 << 10

// A stageReader gives the entries of a chunk as COPY's text.
type stageReader struct {
	entries []entry
	row     func(out []byte, e *entry) []byte
	next    int
	buf     []byte
	rest    []byte
}

func (r *stageReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		r.buf = r.buf[:0]
		for r.next < len(r.entries) && len(r.buf) < readSize {
			r.buf = r.row(r.buf, &r.entries[r.next])
			r.next++
		}
		if len(r.buf) == 0 {
			return 0, io.EOF
		}
		r.rest = r.buf
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

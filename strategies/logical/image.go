package logical

import "encoding/binary"

// An image is a row's values as a chunk keeps them: for each its kind and, of
// a text, length and bytes.
type image []byte

// blockSize is how much an arena takes at a time.
const blockSize = 1 << 18

// An arena holds bytes that live as long as a chunk.
type arena struct {
	blocks [][]byte
	at     int // the block in use
	used   int // in all blocks, with what was wasted
}

// take returns room for n bytes: a slice of length 0.
func (a *arena) take(n int) []byte {
	for ; a.at < len(a.blocks); a.at++ {
		if b := a.blocks[a.at]; cap(b)-len(b) >= n {
			a.blocks[a.at] = b[:len(b)+n]
			a.used += n
			return b[len(b) : len(b) : len(b)+n]
		}
	}
	a.blocks = append(a.blocks, make([]byte, n, max(n, blockSize)))
	a.used += n
	return a.blocks[a.at][0:0:n]
}

// reset forgets all. Blocks that are larger than usual are given back.
func (a *arena) reset() {
	kept := a.blocks[:0]
	for _, b := range a.blocks {
		if cap(b) == blockSize {
			kept = append(kept, b[:0])
		}
	}
	clear(a.blocks[len(kept):])
	a.blocks, a.at, a.used = kept, 0, 0
}

// image copies values.
func (a *arena) image(values []Value) image {
	size := 0
	for _, v := range values {
		size += 1 + len(v.Text)
		if v.Kind == Text {
			size += uvarintSize(uint64(len(v.Text)))
		}
	}
	return appendImage(a.take(size), values)
}

// appendImage appends the image of values to out.
func appendImage(out []byte, values []Value) []byte {
	for _, v := range values {
		out = append(out, byte(v.Kind))
		if v.Kind == Text {
			out = binary.AppendUvarint(out, uint64(len(v.Text)))
			out = append(out, v.Text...)
		}
	}
	return out
}

func uvarintSize(n uint64) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// values appends what the image holds; the texts point into it.
func (m image) values(out []Value) []Value {
	for len(m) > 0 {
		kind := ValueKind(m[0])
		m = m[1:]
		if kind != Text {
			out = append(out, Value{Kind: kind})
			continue
		}
		size, n := binary.Uvarint(m)
		m = m[n:]
		out = append(out, Value{Kind: Text, Text: m[:size:size]})
		m = m[size:]
	}
	return out
}

// hasUnchanged reports whether a value is not known.
func hasUnchanged(values []Value) bool {
	for _, v := range values {
		if v.Kind == Unchanged {
			return true
		}
	}
	return false
}

package logical

// The ways to apply a key's changes.
const (
	gone    = 'd' // no row has the key now
	written = 'w' // the row is written anew
	updated = 'u' // the row was there before, and was only updated
	kept    = 'k' // as updated, and some of its columns stay as they are; only in the stage
)

// entrySize is about what an entry takes beside its bytes, with its place in the index.
const entrySize = 160

// An entry is what a chunk does to one key.
type entry struct {
	op     byte
	key    image
	image  image // of all columns; nil if gone
	origin image // the key under which the other side has what is left unchanged; nil: key
}

// A tableChunk is what a chunk does to one table.
type tableChunk struct {
	mapping   *Mapping
	key       []int // places of the key's columns
	truncated bool  // before all else
	entries   []entry
	index     map[string]int32
}

// A chunk holds changes of one or more transactions, or of a part of one: the
// last image of each key.
type chunk struct {
	arena   arena
	tables  map[uint32]*tableChunk
	order   []*tableChunk // those that have something to apply
	changes int           // that were read
	entries int
	scratch [3][]Value
	keyBuf  []byte
}

func newChunk() *chunk { return &chunk{tables: map[uint32]*tableChunk{}} }

// size is about how many bytes the chunk takes.
func (c *chunk) size() int { return c.arena.used + c.entries*entrySize }

func (c *chunk) empty() bool { return len(c.order) == 0 }

// reset makes the chunk empty and keeps its memory.
func (c *chunk) reset() {
	c.arena.reset()
	for _, t := range c.order {
		t.clear()
		t.truncated = false
	}
	c.order, c.changes, c.entries = c.order[:0], 0, 0
}

func (t *tableChunk) clear() {
	clear(t.entries)
	t.entries = t.entries[:0]
	clear(t.index)
}

// table returns the part of a relation.
func (c *chunk) table(oid uint32, r *relation) *tableChunk {
	t := c.tables[oid]
	if t == nil {
		t = &tableChunk{mapping: r.mapping, key: r.key, index: map[string]int32{}}
		c.tables[oid] = t
	}
	if len(t.entries) == 0 && !t.truncated {
		c.order = append(c.order, t)
	}
	return t
}

// add takes in one change of a row, or a TRUNCATE.
func (c *chunk) add(ch *Change, relations map[uint32]*relation) {
	c.changes++
	if ch.Op == Truncate {
		for _, oid := range ch.Relations {
			t := c.table(oid, relations[oid])
			c.entries -= len(t.entries)
			t.clear()
			t.truncated = true
		}
		return
	}
	t := c.table(ch.Relation, relations[ch.Relation])
	switch ch.Op {
	case Delete:
		e := c.entry(t, ch.Old)
		e.op, e.image, e.origin = gone, nil, nil
	case Insert:
		e := c.entry(t, t.keyOf(ch.New, &c.scratch[0]))
		e.op, e.image, e.origin = written, c.arena.image(ch.New), nil
	default:
		c.update(t, ch)
	}
}

// update takes in an update, which may have changed the key.
func (c *chunk) update(t *tableChunk, ch *Change) {
	key := t.keyOf(ch.New, &c.scratch[0])
	if len(ch.Old) > 0 && !sameValues(ch.Old, key) {
		before := c.entry(t, ch.Old)
		c.complete(ch.New, before)
		origin := before.origin
		if origin == nil {
			origin = before.key
		}
		before.op, before.image, before.origin = gone, nil, nil
		e := c.entry(t, key)
		e.op, e.image, e.origin = written, c.arena.image(ch.New), nil
		if hasUnchanged(ch.New) {
			e.origin = origin
		}
		return
	}
	e, found := c.find(t, key)
	if !found {
		e.op = updated
	} else {
		c.complete(ch.New, e)
		if e.op == gone {
			e.op, e.origin = written, nil
		}
	}
	e.image = c.arena.image(ch.New)
}

// complete fills in what an update left unchanged, as far as the chunk knows it.
func (c *chunk) complete(values []Value, from *entry) {
	if from.image == nil || !hasUnchanged(values) {
		return
	}
	c.scratch[1] = from.image.values(c.scratch[1][:0])
	for i := range values {
		if values[i].Kind == Unchanged {
			values[i] = c.scratch[1][i]
		}
	}
}

// keyOf returns the key's values of a row's.
func (t *tableChunk) keyOf(values []Value, scratch *[]Value) []Value {
	out := (*scratch)[:0]
	for _, i := range t.key {
		out = append(out, values[i])
	}
	*scratch = out
	return out
}

func sameValues(a, b []Value) bool {
	for i := range a {
		if a[i].Kind != b[i].Kind || string(a[i].Text) != string(b[i].Text) {
			return false
		}
	}
	return true
}

// entry returns the entry of a key, a new one if there is none. It is valid
// until the next is made.
func (c *chunk) entry(t *tableChunk, key []Value) *entry {
	e, _ := c.find(t, key)
	return e
}

// find is entry, and tells whether there was one.
func (c *chunk) find(t *tableChunk, key []Value) (*entry, bool) {
	c.keyBuf = appendImage(c.keyBuf[:0], key)
	if at, ok := t.index[string(c.keyBuf)]; ok {
		return &t.entries[at], true
	}
	own := append(c.arena.take(len(c.keyBuf)), c.keyBuf...)
	t.index[string(own)] = int32(len(t.entries)) //nolint:gosec // bounded by MaxChanges
	t.entries = append(t.entries, entry{op: gone, key: own})
	c.entries++
	return &t.entries[len(t.entries)-1], false
}

package logical

import "github.com/jackc/pglogrepl"

// An Op says what a Change is.
type Op byte

// The changes that a stream carries.
const (
	Insert   Op = 'I'
	Update   Op = 'U'
	Delete   Op = 'D'
	Truncate Op = 'T' // of Relations; CASCADE has been resolved by the server
	Barrier  Op = 'B' // a message of ours in the WAL, with Token
	Commit   Op = 'C' // the end of a transaction; End is where the next begins
)

// A Change is one event of a stream, in the order of commits.
type Change struct {
	Op       Op
	Relation uint32 // OID on the cluster that the stream comes from
	// Relations are those a Truncate names.
	Relations []uint32
	// Old is the key before an Update that changed it, or of a Delete: a value for each column of
	// the key; in a table with REPLICA IDENTITY FULL all columns are known, and it has the key's.
	Old []Value
	// New has a value for each of the Mapping's Columns, of an Insert or Update.
	New   []Value
	Token string
	// End is the position behind the transaction, of a Commit. Applied is what has been applied
	// once the transaction is.
	End pglogrepl.LSN
}

// A Value is one column's value, as text in the encoding of the database
// (sessions of ours have UTF8 as client_encoding).
type Value struct {
	Kind ValueKind
	Text []byte // valid until the next Change is read, unless copied
}

// A ValueKind tells values from what stands for one.
type ValueKind byte

// The kinds of values.
const (
	Null      ValueKind = 'n'
	Unchanged ValueKind = 'u' // a TOASTed value that the update left as it was: not sent
	Text      ValueKind = 't'
)

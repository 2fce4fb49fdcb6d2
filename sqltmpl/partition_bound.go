package sqltmpl

import "fmt"

// A PartitionBound says which rows a partition takes. It prints as what follows
// PARTITION OF.
type PartitionBound struct {
	As                 Fragment // all of it, as the server deparsed it
	Default            bool
	Modulus, Remainder int     // of a hash, if Modulus is not 0
	List               bool    // FOR VALUES IN
	In                 Literal // the value of a list
	Null               bool    // the value of a list is NULL
	From, To           Literal // of a range
	MinValue, MaxValue bool    // instead of From and To
}

// String returns b in SQL.
func (b PartitionBound) String() string {
	switch {
	case b.As != "":
		return string(b.As)
	case b.Default:
		return "DEFAULT"
	case b.Modulus > 0:
		return fmt.Sprintf("FOR VALUES WITH (MODULUS %d, REMAINDER %d)", b.Modulus, b.Remainder)
	case b.Null:
		return "FOR VALUES IN (NULL)"
	case b.List:
		return "FOR VALUES IN (" + b.In.String() + ")"
	}
	from, to := b.From.String(), b.To.String()
	if b.MinValue {
		from = "MINVALUE"
	}
	if b.MaxValue {
		to = "MAXVALUE"
	}
	return "FOR VALUES FROM (" + from + ") TO (" + to + ")"
}

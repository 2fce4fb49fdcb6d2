package logical

import (
	"context"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/sqltmpl"
)

// binaryTypes are the built-in types whose binary form has no OIDs of users'
// types in it, does not depend on settings, and means the same to PostgreSQL 14 to 18.
// Not among them, though built in: reg* (an OID is a number that means another
// object there), money (depends on lc_monetary), interval (what is infinite since 17 is
// a huge number before; as text it is refused), xml (says what encoding it has),
// tsvector, tsquery and jsonpath (grammars that grow).
var binaryTypes = []uint32{
	16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 1042, 1043, 1700, // bool bytea "char" name int* text oid float* bpchar varchar numeric
	1082, 1083, 1114, 1184, 1266, // date time timestamp timestamptz timetz
	114, 3802, 2950, 1560, 1562, // json jsonb uuid bit varbit
	600, 601, 602, 603, 604, 628, 718, // point lseg path box polygon line circle
	650, 829, 869, 774, // cidr macaddr inet macaddr8
	3904, 3906, 3908, 3910, 3912, 3926, // ranges of int4, numeric, timestamp, timestamptz, date, int8
	4451, 4532, 4533, 4534, 4535, 4536, // multiranges of them
	// Arrays of built-in types, which do have OIDs in them, the same everywhere.
	1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1231,
	1115, 1182, 1183, 1185, 1270, 199, 3807, 2951, 1561, 1563,
}

// Binary reports whether all values may go in binary format: they have types
// whose binary form means the same on both sides (domains over them too), and
// just the types that the columns of m.To have; else they go as text. It reads no rows.
func Binary(ctx context.Context, from sqltmpl.DB, m Mapping) (bool, error) {
	got, err := sqltmpl.DescribeValues{From: m.From, Values: m.Values}.Statement().ResultTypes(ctx, from)
	if err != nil {
		return false, fmt.Errorf("reading the types of %s: %w", m.From.Plain(), err)
	}
	names := make([]string, len(m.Types))
	for i, t := range m.Types {
		names[i] = string(t)
	}
	want, err := sqltmpl.Scalars[uint32](ctx, from, sqltmpl.BaseTypes{Types: names}.Statement())
	if err != nil {
		return false, fmt.Errorf("reading the types of %s: %w", m.To.Plain(), err)
	}
	unfit := func(oid uint32) bool { return !slices.Contains(binaryTypes, oid) }
	return slices.Equal(got, want) && !slices.ContainsFunc(got, unfit), nil
}

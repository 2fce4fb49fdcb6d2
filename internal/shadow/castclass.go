package shadow

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/repave-pg/repave/internal/catalog"
)

// OIDs of built-in types, beside those above.
const (
	float4OID  = 700
	float8OID  = 701
	numericOID = 1700
	jsonOID    = 114
	jsonbOID   = 3802
	varbitOID  = 1562
)

// never lists what becomes of values of one built-in type without fail,
// whatever they are, as long as the other type has no length.
var never = map[uint32][]uint32{
	int2OID:   {int4OID, int8OID, numericOID, float4OID, float8OID},
	int4OID:   {int8OID, numericOID, float4OID, float8OID},
	int8OID:   {numericOID, float4OID, float8OID},
	float4OID: {float8OID},
	jsonbOID:  {jsonOID},
}

// NeverFails reports whether every value of one column's type can be assigned to
// another's, whatever the data. False means that nobody knows but the data.
func NeverFails(from, to catalog.Column) bool {
	if to.BaseType != to.TypeOID {
		return false // a domain may have checks
	}
	length, scale, limited := lengthOf(to)
	switch {
	case !limited && (to.TypeOID == textOID || to.TypeOID == varcharOID):
		return true // every type has a text form
	case !limited && from.BaseType != to.TypeOID:
		return slices.Contains(never[from.BaseType], to.TypeOID)
	case !limited:
		return slices.Contains([]uint32{numericOID, varbitOID}, to.TypeOID)
	case from.TypeOID != to.TypeOID:
		return false
	}
	before, scaleBefore, wasLimited := lengthOf(from)
	switch to.TypeOID {
	case varcharOID, varbitOID:
		return wasLimited && before <= length
	case numericOID:
		return wasLimited && scale >= scaleBefore && length-scale >= before-scaleBefore
	default:
		return false
	}
}

var modifiers = regexp.MustCompile(`\((\d+)(?:,(-?\d+))?\)$`)

// lengthOf takes a type's length, or precision and scale, from its text.
func lengthOf(c catalog.Column) (length, scale int, limited bool) {
	m := modifiers.FindStringSubmatch(string(c.Type))
	if m == nil {
		return 0, 0, false
	}
	length, _ = strconv.Atoi(m[1])
	scale, _ = strconv.Atoi(m[2]) // 0 if there is none
	return length, scale, true
}

package random

import (
	"fmt"
	"strings"
)

// Traffic is what writers do with rows, each by the number of its key, $1.
type Traffic struct {
	Insert   string // with values from $2
	Upsert   string // as Insert, if the row is there already; "" if the table can't
	Delete   string
	Updates  []string // one each, with values from $2; unique values stay
	Unique   string   // unique values from $2; "" if there are none
	ChangeID string   // $1 becomes $2; "" if the key can't be changed
	Child    []string // refer to the row
}

func (m *maker) makeTraffic() {
	const key, value = "$1::bigint", "$2::bigint"
	plain := func(c *column) bool { return !c.generated && (!c.changed || c.retyped) && (!c.serial || c.key) }
	columns := m.some(plain)
	t := &m.c.Traffic
	t.Insert = m.insert(columns, key, value, "")
	where := " WHERE " + m.is(key)
	t.Delete = "DELETE FROM " + m.table + where
	var uniques []string
	for _, c := range columns {
		switch {
		case c.key:
		case c.unique:
			uniques = append(uniques, c.name()+" = "+c.of(value))
		default:
			t.Updates = append(t.Updates, "UPDATE "+m.table+" SET "+c.name()+" = "+c.of(value)+where+" AND "+value+" > 0")
		}
	}
	if len(t.Updates) == 0 {
		t.Updates = []string{"UPDATE " + m.table + " SET " + m.keys[0].name() + " = " + m.keys[0].name() + " WHERE $2::bigint > 0 AND " + m.is(key)}
	}
	if len(uniques) > 0 {
		t.Unique = "UPDATE " + m.table + " SET " + strings.Join(uniques, ", ") + where
	} else if !m.deferrable && !m.ruled {
		t.Upsert = t.Insert + " ON CONFLICT (" + names(m.keys) + ") DO UPDATE SET " + m.keys[0].name() + " = EXCLUDED." + m.keys[0].name()
	}
	always := false
	var keys []string
	for _, k := range m.keys {
		always = always || k.always
		keys = append(keys, k.name()+" = "+k.of(value))
	}
	if always {
		t.Upsert = ""
	} else {
		t.ChangeID = "UPDATE " + m.table + " SET " + strings.Join(keys, ", ") + where
	}
	for _, child := range m.children {
		var values []string
		for _, k := range m.keys {
			values = append(values, k.of(key))
		}
		t.Child = append(t.Child, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", child, childKeys(len(m.keys)), strings.Join(values, ", ")))
	}
}

package random

import (
	"fmt"
	"strings"
)

// makeConstraints makes unique, exclusion and check constraints.
func (m *maker) makeConstraints() {
	for range m.number(4) {
		c := m.any(func(c *column) bool {
			return c.kind.unique && c.kind.sorted && !c.key && !c.serial && !c.generated && !c.hasDefault
		})
		if c == nil {
			break
		}
		c.unique = true
		nulls := ""
		if m.version >= 15 {
			nulls = m.when(20, " NULLS NOT DISTINCT")
		}
		switch m.number(4) {
		case 0:
			m.base("ALTER TABLE %s ADD CONSTRAINT %s EXCLUDE (%s WITH =)%s", m.table, m.name(), c.name(), m.when(50, " WHERE ("+c.name()+" IS NOT NULL)"))
		case 1:
			m.base("CREATE UNIQUE INDEX %s ON %s (%s)%s WHERE %s IS NOT NULL", m.name(), m.table, c.name(), nulls, c.name())
		case 2:
			m.base("ALTER TABLE %s ADD CONSTRAINT %s UNIQUE%s (%s)%s", m.table, m.name(), nulls, c.name(), m.when(30, pick(m, " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED")))
		default:
			m.base("ALTER TABLE %s ADD UNIQUE%s (%s%s)", m.table, nulls, c.name(), m.when(30, ", "+m.keys[0].name()))
		}
	}
	for range m.number(3) {
		c := pick(m, m.columns...)
		if c.kind.sql == "json" || (!c.kind.sorted && !c.kind.text) {
			continue
		}
		check := c.name() + " IS NOT NULL OR " + c.name() + " IS NULL"
		switch {
		case c.kind.number:
			check = c.name() + " > -1000000"
		case c.kind.text:
			check = "length(" + c.name() + ") < 100000 AND " + c.name() + " <> ' ON '"
		}
		m.base("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s)%s%s", m.table, m.name(), check, m.when(20, " NO INHERIT"), m.when(20, " NOT VALID"))
		if m.maybe(30) {
			m.base("ALTER TABLE %s ADD CHECK (%s IS NOT NULL OR %s IS NOT NULL)", m.table, c.name(), m.keys[0].name())
		}
	}
}

// makeIndexes makes indexes of all access methods.
func (m *maker) makeIndexes() {
	for range m.number(6) {
		c := pick(m, m.columns...)
		name := m.name()
		where := m.when(25, " WHERE "+m.keys[0].name()+" IS NOT NULL")
		options := m.when(25, " WITH (fillfactor = 60)")
		what := ""
		switch m.number(7) {
		case 0:
			if c.kind.hash {
				what = " USING hash (" + c.name() + ")" + options
			}
		case 1:
			if c.kind.gin {
				what = " USING gin (" + c.name() + m.when(40, map[bool]string{true: " jsonb_path_ops"}[c.kind.sql == "jsonb"]) + ")" + m.when(50, " WITH (fastupdate = off)")
			}
		case 2:
			if c.kind.gist {
				what = " USING gist (" + c.name() + ")" + options
			}
		case 3:
			if c.kind.spgist {
				what = " USING spgist (" + c.name() + ")" + options
			}
		case 4:
			if c.kind.number {
				what = " ((" + c.name() + " + 1), " + m.keys[0].name() + " DESC NULLS LAST)" + options
			} else if c.kind.text {
				what = " (lower(" + c.name() + ") COLLATE \"C\" text_pattern_ops)" + options
			}
		case 5:
			if c.kind.number {
				what = " USING brin (" + c.name() + ") WITH (pages_per_range = 4)"
			}
		}
		if what == "" {
			if !c.kind.sorted {
				c = m.keys[0]
			}
			other := m.any(func(o *column) bool { return o.kind.sorted })
			what = " (" + c.name() + m.when(40, " DESC") + ", " + other.name() + ")" + m.when(30, " INCLUDE ("+m.keys[0].name()+")") + options
		}
		m.base("CREATE INDEX %s ON %s%s%s", name, m.table, what, where)
		if m.maybe(20) {
			m.base("COMMENT ON INDEX %s.%s IS 'an index'", m.schema, name)
		}
		if strings.Contains(what, "+ 1)") && m.maybe(50) {
			m.base("ALTER INDEX %s.%s ALTER COLUMN 1 SET STATISTICS 55", m.schema, name)
		}
		if strings.Contains(what, "DESC,") && where == "" && m.maybe(50) {
			m.base("ALTER TABLE %s CLUSTER ON %s", m.table, name)
		}
	}
}

// makeForeignKeys makes foreign keys out, in, and to the table itself.
func (m *maker) makeForeignKeys() {
	actions := func() string {
		return m.when(50, pick(m, " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE RESTRICT", " ON UPDATE CASCADE")) +
			m.when(30, pick(m, " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED")) + m.when(15, " NOT VALID")
	}
	for _, c := range m.columns {
		if c.foreign {
			m.base("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES others.parent%s", m.table, m.name(), c.name(), actions())
		}
	}
	if m.deferrable {
		return
	}
	for i := range m.number(3) {
		var columns, values []string
		for j, k := range m.keys {
			columns = append(columns, fmt.Sprintf("k%d %s", j, k.kind.sql))
			values = append(values, k.of("g"))
		}
		child := fmt.Sprintf("others.child%d", i)
		m.base("CREATE %s TABLE %s (id serial PRIMARY KEY, %s)", m.unlogged, child, strings.Join(columns, ", "))
		m.base("INSERT INTO %s (%s) SELECT %s FROM generate_series(20, 40) g", child, childKeys(len(m.keys)), strings.Join(values, ", "))
		m.base("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s ON UPDATE CASCADE ON DELETE %s%s", child, m.name(),
			childKeys(len(m.keys)), m.table, pick(m, "CASCADE", "SET NULL"), m.when(30, pick(m, " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"))+m.when(20, " NOT VALID"))
		m.children = append(m.children, child)
	}
	if len(m.keys) == 1 && m.maybe(30) {
		m.base("ALTER TABLE %s ADD COLUMN up %s", m.table, m.keys[0].kind.sql)
		m.base("UPDATE %[1]s SET up = %[2]s WHERE %[3]s", m.table, m.keys[0].of("14"), m.is("15"))
		m.base("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (up) REFERENCES %s ON UPDATE CASCADE%s", m.table, m.name(), m.table, m.when(40, " DEFERRABLE"))
	}
}

func childKeys(n int) string { return []string{"", "k0", "k0, k1"}[n] }

package random

import "fmt"

// makeChange chooses what the job is to change, and how PostgreSQL itself would be told.
func (m *maker) makeChange() {
	defer func() {
		for _, c := range m.columns {
			if !c.changed && c.kind.sql != "json" {
				m.c.Untouched = append(m.c.Untouched, c.raw)
			}
		}
		m.c.Key = rawNames(m.keys)
	}()
	if m.maybe(35) {
		return // a plain repack
	}
	change := &m.c.Change
	if m.maybe(30) && !m.stacked {
		m.bigintKey()
	}
	if m.maybe(25) {
		change.OptimizeColumns = true
	}
	if m.maybe(25) {
		change.Set = []string{"fillfactor=85"}
		m.alter("SET (fillfactor=85)")
	}
	if m.maybe(20) && !m.deferrable && len(m.keys) == 1 && m.keys[0].kind.sorted {
		change.OrderBy = []string{m.keys[0].raw}
	}
	asked := func(format string, args ...any) {
		action := fmt.Sprintf(format, args...)
		change.Alter = append(change.Alter, action)
		m.alter(action)
	}
	free := func(c *column) bool {
		return !c.key && !c.used && !c.foreign && !c.feeds && !c.changed && !c.serial && !m.whole
	}
	if c := m.any(free); c != nil && !c.notNull && m.maybe(30) {
		c.changed = true
		asked("RENAME COLUMN %s TO %s", c.name(), m.name())
	}
	if c := m.any(free); c != nil && (c.hasDefault || !c.notNull) && m.maybe(30) {
		c.changed = true
		asked("DROP COLUMN %s", c.name())
	}
	if m.maybe(30) && !m.whole {
		name := m.name()
		asked("ADD COLUMN %s %s", name, pick(m, "int DEFAULT 5 NOT NULL", "text", "timestamptz DEFAULT '2020-01-01'", "numeric(5,2) DEFAULT 1.50 CHECK (true)"))
	}
	if c := m.any(func(c *column) bool {
		return len(c.kind.retype) > 0 && !c.key && !c.serial && !c.feeds && !c.changed && !c.generated && !m.whole && !m.stacked
	}); c != nil && m.maybe(40) {
		action := fmt.Sprintf("ALTER COLUMN %s TYPE %s", c.name(), pick(m, c.kind.retype...))
		change.Alter = append(change.Alter, action)
		m.c.Retype = append(m.c.Retype, "ALTER TABLE "+m.table+" "+action)
		c.changed = true
		c.retyped = true
	}
	if m.maybe(15) {
		asked("ADD CONSTRAINT %s CHECK (%s IS NOT NULL)", m.name(), m.keys[0].name())
	}
	if c := m.any(func(c *column) bool { return free(c) && !c.generated }); c != nil && m.maybe(20) {
		asked("ALTER COLUMN %s SET DEFAULT %s", c.name(), "NULL")
	}
}

func (m *maker) alter(action string) {
	m.c.Alter = append(m.c.Alter, "ALTER TABLE "+m.table+" "+action)
}

// bigintKey asks for bigint keys, if there is one to widen.
func (m *maker) bigintKey() {
	for _, k := range m.keys {
		if k.kind.sql == "integer" || k.kind.sql == "smallint" {
			m.c.Change.PKBigint = true
			m.c.Beyond = m.c.Beyond || k.feeds
			m.c.Retype = append(m.c.Retype, "ALTER TABLE "+m.table+" ALTER "+k.name()+" TYPE bigint")
		}
	}
}

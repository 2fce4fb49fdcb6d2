package random

import "strings"

// makeBound makes what is bound to the table.
func (m *maker) makeBound() {
	m.makeViews()
	m.makeFunctions()
	m.makeTriggers()
	m.makePolicies()
	m.makePublications()
	if m.maybe(25) {
		m.ruled = true
		m.bind("CREATE RULE %s AS ON UPDATE TO %s WHERE %s DO ALSO INSERT INTO others.audit (what) VALUES ('rule')", m.name(), m.table, "NEW."+m.keys[0].name()+" IS NULL")
	}
	if m.maybe(20) {
		m.bind("CREATE RULE %s AS ON DELETE TO others.audit WHERE OLD.what = 'never' DO ALSO DELETE FROM %s WHERE %s", m.name(), m.table, m.is("1"))
	}
	sorted := m.some(func(c *column) bool { return c.kind.sorted && c.kind.sql != "json" })
	if len(sorted) > 2 && m.maybe(40) {
		name := m.schema + "." + m.name()
		m.bind("CREATE STATISTICS %s%s ON %s, %s FROM %s", name, m.when(60, pick(m, " (ndistinct)", " (dependencies, mcv)", " (mcv)")), sorted[0].name(), sorted[1].name(), m.table)
		if m.maybe(40) {
			m.bind("ALTER STATISTICS %s SET STATISTICS 33", name)
			m.bind("COMMENT ON STATISTICS %s IS 'statistics'", name)
		}
	}
	if c := m.any(func(c *column) bool { return c.kind.number }); c != nil && m.maybe(30) {
		m.bind("CREATE STATISTICS others.%s ON (%s %% 10), %s FROM %s", m.name(), c.name(), m.keys[0].name(), m.table)
	}
}

// shown are some columns for a view, which changes must leave alone but for their types.
func (m *maker) shown() []*column {
	columns := m.some(func(c *column) bool { return c.key || m.maybe(40) })
	for _, c := range columns {
		c.used = true
	}
	return columns
}

func (m *maker) makeViews() {
	for range m.number(3) {
		view := pick(m, m.schema, "others") + "." + m.name()
		columns := m.shown()
		key := m.keys[0].name()
		with := m.when(25, " WITH (security_barrier)")
		if m.version >= 15 && with == "" {
			with = m.when(20, " WITH (security_invoker = true)")
		}
		switch m.number(4) {
		case 0:
			m.bind("CREATE VIEW %s AS SELECT %s, count(*) AS \"count of it\" FROM %s GROUP BY %s", view, key, m.table, key)
		case 1:
			m.bind("CREATE VIEW %s%s AS SELECT q.%s, p.code AS \"parent's code\" FROM %s q LEFT JOIN others.parent p ON p.code = 'p1'", view, with, key, m.table)
		default:
			m.bind("CREATE VIEW %s%s AS SELECT %s FROM %s WHERE %s IS NOT NULL%s", view, with, names(columns), m.table, key, m.when(30, pick(m, " WITH LOCAL CHECK OPTION", " WITH CASCADED CHECK OPTION")))
			if m.maybe(30) {
				m.bind("CREATE TRIGGER %s INSTEAD OF DELETE ON %s FOR EACH ROW EXECUTE FUNCTION others.nothing()", m.name(), view)
			}
		}
		if m.maybe(40) {
			m.bind("GRANT SELECT ON %s TO pg_monitor%s", view, m.when(40, " WITH GRANT OPTION"))
		}
		if m.maybe(30) {
			m.bind("COMMENT ON VIEW %s IS 'a view'", view)
			m.bind("COMMENT ON COLUMN %s.%s IS 'a column'", view, key)
		}
		if m.maybe(50) {
			m.bind("CREATE VIEW others.%s AS SELECT v.%s AS \"its key\", (SELECT count(*) FROM %s) AS all_rows FROM %s v", m.name(), key, m.table, view)
		}
		if m.maybe(25) {
			m.stacked = true
			m.bind("CREATE MATERIALIZED VIEW others.%s AS SELECT %s FROM %s", m.name(), key, view)
		}
	}
	if m.maybe(15) {
		m.bind("CREATE VIEW %s.%s AS SELECT whole FROM %s whole", m.schema, m.name(), m.table)
		m.whole = true
	}
	if m.maybe(30) {
		view := m.schema + "." + m.name()
		columns := m.shown()
		m.bind("CREATE MATERIALIZED VIEW %s%s AS SELECT %s FROM %s%s", view, m.when(40, " WITH (fillfactor = 80)"), names(columns), m.table, m.when(20, " WITH NO DATA"))
		m.bind("CREATE UNIQUE INDEX %s ON %s (%s)", m.name(), view, names(m.keys))
		if m.maybe(50) {
			m.bind("CREATE VIEW others.%s AS SELECT count(*) FROM %s", m.name(), view)
			m.bind("GRANT SELECT ON %s TO PUBLIC", view)
			m.bind("COMMENT ON MATERIALIZED VIEW %s IS 'm'", view)
		}
	}
}

func (m *maker) makeFunctions() {
	if m.maybe(25) {
		m.bind("CREATE FUNCTION others.%s() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(%s) FROM %s; END", m.name(), m.keys[0].name(), m.table)
	}
	if m.maybe(20) {
		name := "others." + m.name()
		m.bind("CREATE FUNCTION %s(r %s) RETURNS text LANGUAGE sql AS 'SELECT ''x''::text'", name, m.table)
		m.bind("COMMENT ON FUNCTION %s IS 'of a row'", name)
		m.bind("GRANT EXECUTE ON FUNCTION %s TO pg_monitor", name)
		if m.maybe(40) {
			m.bind("CREATE VIEW others.%s AS SELECT %s(q) AS computed FROM %s q", m.name(), name, m.table)
		}
		m.whole = true
	}
	if m.maybe(15) {
		m.bind("CREATE FUNCTION others.%s() RETURNS SETOF %s LANGUAGE plpgsql AS 'BEGIN RETURN; END'", m.name(), m.table)
	}
}

// makeTriggers makes the ledger's trigger and others that write.
func (m *maker) makeTriggers() {
	m.base(`CREATE FUNCTION others.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	m.base(`CREATE TABLE others.ledger (k text PRIMARY KEY, r jsonb)`)
	m.base("%s", ledgerFunction)
	var args []string
	for _, k := range m.keys {
		args = append(args, literal(k.raw))
	}
	m.base("INSERT INTO others.ledger SELECT others.key_of(to_jsonb(q), ARRAY[%s]), to_jsonb(q) FROM %s q", strings.Join(args, ", "), m.table)
	// Its name comes first, so that it sees a row before triggers that change the row again.
	m.bind("CREATE TRIGGER \"!ledger\" AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION others.keep_ledger(%s)", m.table, strings.Join(args, ", "))
	m.bind("CREATE FUNCTION others.audit_it() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN INSERT INTO others.audit (what) VALUES (TG_OP || TG_ARGV[0]); RETURN CASE WHEN TG_WHEN = 'BEFORE' THEN NEW END; END$f$")
	for range m.number(4) {
		name := m.name()
		column := pick(m, m.some(func(c *column) bool { return !c.generated })...)
		switch m.number(5) {
		case 0:
			m.bind("CREATE TRIGGER %s BEFORE INSERT OR UPDATE OF %s ON %s FOR EACH ROW EXECUTE FUNCTION others.audit_it(' row''s')", name, column.name(), m.table)
			column.used = true
		case 1:
			m.bind("CREATE TRIGGER %s AFTER INSERT ON %s REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION others.audit_it('fresh')", name, m.table)
		case 2:
			m.bind("CREATE CONSTRAINT TRIGGER %s AFTER DELETE ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.%s IS NOT NULL) EXECUTE FUNCTION others.audit_it('late')", name, m.table, m.keys[0].name())
		case 3:
			m.bind("CREATE TRIGGER %s BEFORE UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION others.audit_it('statement')", name, m.table)
		default:
			m.bind("CREATE TRIGGER %s AFTER UPDATE ON %s FOR EACH ROW WHEN (OLD.%[3]s IS DISTINCT FROM NEW.%[3]s) EXECUTE FUNCTION others.audit_it('changed')", name, m.table, m.keys[0].name())
		}
		if m.maybe(40) {
			m.bind("ALTER TABLE %s %s TRIGGER %s", m.table, pick(m, "DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"), name)
		}
		if m.maybe(30) {
			m.bind("COMMENT ON TRIGGER %s ON %s IS 'a trigger'", name, m.table)
		}
	}
	if c := m.any(func(c *column) bool { return c.kind.sql == "integer" && !c.unique && !c.key && !c.serial && !c.feeds }); c != nil && m.maybe(40) {
		c.used = true
		m.bind("CREATE FUNCTION others.again() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN EXECUTE %s USING NEW; RETURN NULL; END$f$",
			"format("+literal("UPDATE %s SET %I = 3 WHERE %I = ($1).%I")+", TG_RELID::regclass, TG_ARGV[0], TG_ARGV[1], TG_ARGV[1])")
		m.bind("CREATE TRIGGER \"again\" AFTER UPDATE ON %s FOR EACH ROW WHEN (NEW.%s = 4) EXECUTE FUNCTION others.again(%s, %s)", m.table, c.name(), literal(c.raw), literal(m.keys[0].raw))
	}
}

// ledgerFunction keeps a copy of every row by its key, in the writer's own transaction.
const ledgerFunction = `
CREATE FUNCTION others.key_of(r jsonb, columns text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
	$f$SELECT string_agg(r ->> c, '/' ORDER BY c) FROM unnest(columns) c$f$;
CREATE FUNCTION others.keep_ledger() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		DELETE FROM others.ledger WHERE k = others.key_of(to_jsonb(OLD), TG_ARGV);
		IF NOT FOUND THEN RAISE 'the ledger lacks %', OLD; END IF;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO others.ledger VALUES (others.key_of(to_jsonb(NEW), TG_ARGV), to_jsonb(NEW));
	END IF;
	RETURN NULL;
END$f$`

func (m *maker) makePolicies() {
	if !m.maybe(35) {
		return
	}
	key := m.keys[0].name()
	m.bind("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", m.table)
	if m.maybe(40) {
		m.bind("ALTER TABLE %s FORCE ROW LEVEL SECURITY", m.table)
	}
	m.bind("CREATE POLICY %s ON %s%s FOR SELECT TO pg_monitor, PUBLIC USING (%s IS NOT NULL AND current_user <> 'nobody')", m.name(), m.table, m.when(30, " AS RESTRICTIVE"), key)
	if m.maybe(50) {
		m.bind("CREATE POLICY %s ON %s FOR UPDATE USING (true) WITH CHECK (EXISTS (SELECT FROM others.parent p WHERE p.code <> %s::text))", m.name(), m.table, key)
	}
	if m.maybe(40) {
		policy := m.name()
		m.bind("CREATE POLICY %s ON others.audit USING (EXISTS (SELECT FROM %s q WHERE q.%s IS NOT NULL AND audit.what <> ''))", policy, m.table, key)
		m.bind("COMMENT ON POLICY %s ON others.audit IS 'a policy'", policy)
	}
}

func (m *maker) makePublications() {
	if m.unlogged != "" {
		return
	}
	if m.maybe(25) {
		columns, filter := "", ""
		if m.version >= 15 {
			columns, filter = m.when(50, " ("+names(m.keys)+")"), m.when(50, " WHERE ("+m.keys[0].name()+" IS NOT NULL)")
		}
		m.bind("CREATE PUBLICATION %s FOR TABLE %s%s%s, others.audit WITH (publish = 'insert')", m.name(), m.table, columns, filter)
	}
	switch m.number(6) {
	case 0:
		m.bind("ALTER TABLE %s REPLICA IDENTITY FULL", m.table)
	case 1:
		m.bind("ALTER TABLE %s REPLICA IDENTITY NOTHING", m.table)
	case 2:
		if !m.deferrable {
			index := m.name()
			m.base("CREATE UNIQUE INDEX %s ON %s (%s)", index, m.table, names(m.keys))
			m.bind("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s", m.table, index)
		}
	}
}

CREATE SCHEMA saas;
GRANT USAGE ON SCHEMA saas TO pg_read_all_stats;
SET search_path = saas;
CREATE FUNCTION tenant() RETURNS int LANGUAGE sql STABLE AS $$SELECT nullif(current_setting('app.tenant', true), '')::int$$;
CREATE TABLE tenants (id int PRIMARY KEY, name text NOT NULL, tasks_open int NOT NULL DEFAULT 0, plan text NOT NULL DEFAULT 'free');
CREATE TABLE users (id serial PRIMARY KEY, tenant_id int NOT NULL DEFAULT tenant() REFERENCES tenants ON DELETE CASCADE, name text NOT NULL, UNIQUE (tenant_id, name), UNIQUE (tenant_id, id));
CREATE TABLE projects (id serial PRIMARY KEY, tenant_id int NOT NULL DEFAULT tenant() REFERENCES tenants ON DELETE CASCADE, title text NOT NULL, settings jsonb NOT NULL DEFAULT '{}', UNIQUE (tenant_id, id));
CREATE TABLE tasks (id serial PRIMARY KEY, tenant_id int NOT NULL DEFAULT tenant() REFERENCES tenants ON DELETE CASCADE, project_id int NOT NULL, assignee_id int, title text NOT NULL,
	state text NOT NULL DEFAULT 'open', position numeric NOT NULL DEFAULT 0, due daterange, body text,
	CONSTRAINT "task's project" FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT "task's assignee" FOREIGN KEY (tenant_id, assignee_id) REFERENCES users (tenant_id, id) MATCH SIMPLE,
	UNIQUE (tenant_id, id));
CREATE INDEX tasks_open ON tasks (tenant_id, project_id) WHERE state = 'open'; CREATE INDEX tasks_text ON tasks USING gin (to_tsvector('simple', title)); CREATE INDEX ON tasks (tenant_id, assignee_id);
CREATE INDEX tasks_due ON tasks USING gist (due);
CREATE TABLE task_events (id bigserial PRIMARY KEY, tenant_id int NOT NULL, task_id int NOT NULL, what text NOT NULL, by_user name DEFAULT current_user,
	CONSTRAINT "event's task" FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE);
CREATE INDEX ON task_events (tenant_id, task_id);
CREATE FUNCTION note_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP <> 'DELETE' THEN INSERT INTO saas.task_events (tenant_id, task_id, what) VALUES (NEW.tenant_id, NEW.id, TG_OP || ' ' || NEW.state); END IF;
	UPDATE saas.tenants SET tasks_open = tasks_open + CASE WHEN TG_OP <> 'DELETE' AND NEW.state = 'open' THEN 1 ELSE 0 END - CASE WHEN TG_OP <> 'INSERT' AND OLD.state = 'open' THEN 1 ELSE 0 END
		WHERE id = coalesce(NEW.tenant_id, OLD.tenant_id);
	RETURN NULL;
END$$;
CREATE TRIGGER note_task AFTER INSERT OR UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION note_task();
ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE projects ENABLE ROW LEVEL SECURITY; ALTER TABLE projects FORCE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks FORCE ROW LEVEL SECURITY; ALTER TABLE task_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_users ON users USING (tenant_id = tenant());
CREATE POLICY own_projects ON projects TO pg_read_all_stats USING (tenant_id = tenant()) WITH CHECK (tenant_id = tenant() AND title <> '');
CREATE POLICY own_tasks ON tasks USING (tenant_id = tenant());
CREATE POLICY "no tasks of strangers" ON tasks AS RESTRICTIVE USING (project_id IN (SELECT p.id FROM projects p)) WITH CHECK (assignee_id IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = assignee_id));
CREATE POLICY own_events ON task_events FOR SELECT TO pg_read_all_stats USING (EXISTS (SELECT FROM tasks t WHERE t.id = task_events.task_id));
CREATE POLICY new_events ON task_events FOR INSERT TO pg_read_all_stats WITH CHECK (tenant_id = tenant());
CREATE VIEW board WITH (security_barrier) AS SELECT t.id, t.title, p.title AS project, u.name AS assignee FROM tasks t JOIN projects p ON p.id = t.project_id LEFT JOIN users u ON u.id = t.assignee_id
	WHERE t.tenant_id = tenant() AND t.state = 'open';
CREATE VIEW my_tasks WITH (security_barrier) AS SELECT id, title, state FROM tasks WHERE tenant_id = tenant() WITH CASCADED CHECK OPTION;
CREATE VIEW workload AS SELECT assignee, count(*) AS tasks FROM board GROUP BY assignee;
CREATE FUNCTION open_tasks(p projects) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM saas.tasks t WHERE t.project_id = p.id AND t.state = ''open''';
GRANT SELECT ON tenants, board, workload TO pg_read_all_stats; GRANT UPDATE (tasks_open) ON tenants TO pg_read_all_stats; GRANT SELECT, INSERT, UPDATE, DELETE ON users, projects, tasks TO pg_read_all_stats;
GRANT SELECT, INSERT ON task_events TO pg_read_all_stats; GRANT USAGE ON ALL SEQUENCES IN SCHEMA saas TO pg_read_all_stats; GRANT SELECT, UPDATE (title, state) ON my_tasks TO pg_read_all_stats;
COMMENT ON POLICY own_tasks ON tasks IS 'each tenant sees its own'; COMMENT ON VIEW board IS 'what is to be done';
INSERT INTO tenants (id, name) SELECT g, 'tenant ' || g FROM generate_series(1, 20) g;
INSERT INTO users (tenant_id, name) SELECT 1 + g % 20, 'user ' || g FROM generate_series(0, 199) g;
INSERT INTO projects (tenant_id, title) SELECT 1 + g % 20, 'project ' || g FROM generate_series(0, 99) g;
INSERT INTO tasks (tenant_id, project_id, assignee_id, title, due, body) SELECT 1 + g % 20, 1 + g % 100, 1 + g % 200, 'task ' || g, daterange(date '2026-01-01' + g % 300, NULL), repeat('Text ', g % 90) FROM generate_series(0, 999) g;
RESET search_path;

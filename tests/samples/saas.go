package samples

import (
	"context"
	_ "embed"
	"math/rand/v2"
	"strconv"

	"github.com/jackc/pgx/v5"
)

//go:embed saas.sql
var saasSQL string

const tenants = 20

// saas is a service for many tenants, kept apart by row security; the
// application acts as a role that owns nothing.
func saas() Sample {
	return Sample{
		Name: "multi-tenant SaaS", SQL: saasSQL, Schema: "saas",
		Tables: []string{"tasks", "users"}, Together: []string{"tasks", "projects", "users"},
		Widened: `\.id: type: integer -> bigint$|^. sequence saas\.\w+_seq: (type|max): `,
		Actions: []Action{addTask, addTask, finishTask, dropTask, retitle, readBoard, otherTenant, addProject},
		Rules: []string{
			`SELECT t.id, tasks_open, n FROM saas.tenants t JOIN (SELECT tenant_id, count(*) FILTER (WHERE state = 'open') AS n FROM saas.tasks GROUP BY 1) q ON q.tenant_id = t.id WHERE tasks_open <> n`,
			`SELECT t.id FROM saas.tasks t JOIN saas.projects p ON p.id = t.project_id WHERE p.tenant_id <> t.tenant_id`,
			`SELECT t.id FROM saas.tasks t WHERE NOT EXISTS (SELECT FROM saas.task_events e WHERE e.task_id = t.id AND e.what = 'INSERT open')`,
			`SELECT t.id FROM saas.tasks t JOIN LATERAL (SELECT what FROM saas.task_events e WHERE e.task_id = t.id ORDER BY e.id DESC LIMIT 1) e ON true WHERE e.what NOT LIKE '% ' || t.state`,
			`SELECT id FROM saas.tasks WHERE title = 'not mine'`,
		},
	}
}

// enter makes tx one of the application for a tenant.
func enter(ctx context.Context, tx pgx.Tx, tenant int) error {
	if err := exec(ctx, tx, `SET LOCAL ROLE pg_read_all_stats`); err != nil {
		return err
	}
	return exec(ctx, tx, `SELECT set_config('app.tenant', $1, true)`, strconv.Itoa(tenant))
}

func itoa(n int) string { return strconv.Itoa(n) }

// someTask is a task of a tenant's that nobody else works on.
const someTask = `(SELECT id FROM saas.tasks WHERE state = 'open' AND id % 10 = $1 LIMIT 1 FOR UPDATE SKIP LOCKED)`

func addTask(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	if err := enter(ctx, tx, 1+r.IntN(tenants)); err != nil {
		return err
	}
	return touch(ctx, tx, `INSERT INTO saas.tasks (project_id, assignee_id, title) VALUES ((SELECT min(id) FROM saas.projects), (SELECT max(id) FROM saas.users), 'fresh')`)
}

func finishTask(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	if err := enter(ctx, tx, 1+r.IntN(tenants)); err != nil {
		return err
	}
	return exec(ctx, tx, `UPDATE saas.tasks SET state = 'done' WHERE id = `+someTask, r.IntN(10))
}

func dropTask(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	if err := enter(ctx, tx, 1+r.IntN(tenants)); err != nil {
		return err
	}
	return exec(ctx, tx, `DELETE FROM saas.tasks WHERE id = `+someTask, r.IntN(10))
}

func retitle(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	if err := enter(ctx, tx, 1+r.IntN(tenants)); err != nil {
		return err
	}
	return exec(ctx, tx, `UPDATE saas.my_tasks SET title = 'another title' WHERE id = `+someTask, r.IntN(10))
}

// readBoard sees this tenant's rows, all of them, and nobody else's.
func readBoard(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	tenant := 1 + r.IntN(tenants)
	if err := enter(ctx, tx, tenant); err != nil {
		return err
	}
	var n int64
	for _, sql := range []string{
		`SELECT (count(*) FILTER (WHERE t.state = 'open') = (SELECT tasks_open FROM saas.tenants WHERE id = $1))::int::bigint FROM saas.tasks t`,
		`SELECT (count(*) = (SELECT tasks_open FROM saas.tenants WHERE id = $1))::int::bigint FROM saas.board`,
		`SELECT (min(tenant_id) = $1 AND max(tenant_id) = $1)::int::bigint FROM saas.tasks`,
		`SELECT (sum(saas.open_tasks(p)) = (SELECT tasks_open FROM saas.tenants WHERE id = $1))::int::bigint FROM saas.projects p`,
		`SELECT (count(*) > 0)::int::bigint FROM saas.task_events WHERE tenant_id = $1`,
	} {
		if _, err := get(ctx, tx, []any{&n}, sql, tenant); err != nil {
			return err
		}
		if n != 1 {
			return errLacking(sql, tenant)
		}
	}
	return nil
}

// otherTenant can touch nothing of another tenant's.
func otherTenant(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	if err := enter(ctx, tx, 1+r.IntN(tenants/2)); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `UPDATE saas.tasks SET title = 'not mine' WHERE tenant_id > $1`, pgx.QueryExecModeExec, tenants/2)
	if err == nil && tag.RowsAffected() > 0 {
		err = errLacking("row security")
	}
	return err
}

func addProject(ctx context.Context, tx pgx.Tx, r *rand.Rand) error {
	if err := enter(ctx, tx, 1+r.IntN(tenants)); err != nil {
		return err
	}
	var id int64
	if _, err := get(ctx, tx, []any{&id}, `INSERT INTO saas.projects (title) VALUES ('fresh') RETURNING id::bigint`); err != nil {
		return err
	}
	if err := touch(ctx, tx, `INSERT INTO saas.users (name) VALUES ('user of ' || $1::text)`, itoa(int(id))); err != nil {
		return err
	}
	return touch(ctx, tx, `INSERT INTO saas.tasks (project_id, title) VALUES ($1, 'first')`, id)
}

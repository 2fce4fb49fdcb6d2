-- changelog/create_guarded.sql
-- Make resync(keys) that can't fail or wait for long: whatever goes wrong, it returns false with no effect.
-- The lock timeout is below deadlock_timeout, so that we give up before the application is made to.
--
-- lock: as resync
-- runs: inside the writer's statement
CREATE OR REPLACE FUNCTION {{.Guarded}}(
    operation text, fixed_snapshot boolean{{range .Keys}}, {{.Old}} {{.Type}}{{end}}{{range .Keys}}, {{.New}} {{.Type}}{{end}}
) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = {{.LockTimeout}}
AS {{tag}}
BEGIN
    RETURN {{.Resync}}(operation, fixed_snapshot{{range .Keys}}, {{.Old}}{{end}}{{range .Keys}}, {{.New}}{{end}});
EXCEPTION
    WHEN OTHERS THEN
        RETURN false;
END
{{tag}}

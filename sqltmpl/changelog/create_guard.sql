-- changelog/create_guard.sql
-- Make the trigger function that refuses writers whose snapshot is older than the swap: they would miss rows
-- and not know it. A READ COMMITTED statement has a new snapshot and always passes.
--
-- lock: none on users' tables
-- runs: inside the swap
CREATE OR REPLACE FUNCTION {{.Guard}}() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS {{tag}}
BEGIN
    IF NOT pg_visible_in_snapshot({{.Transaction}}::xid8, pg_current_snapshot()) THEN
        RAISE EXCEPTION 'could not serialize access due to a concurrent rewrite of the table'
            USING ERRCODE = 'serialization_failure', HINT = 'The transaction might succeed if retried.';
    END IF;
    RETURN NULL;
END
{{tag}}

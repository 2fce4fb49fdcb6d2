-- cutover/create_fence.sql
-- Make or replace the function that refuses writes, to every session that does not hold the job's pass. One that is 'held'
-- does so for as long as the session lives that put it up (hold_fence.sql), or longer if that has been made of it: a lock, and
-- no clock, which may be set back.
-- Statements are refused with read_only_sql_transaction: drivers and poolers know it as "go elsewhere".
--
-- lock: none
-- runs: inside the transaction that puts up or changes the fence
CREATE OR REPLACE FUNCTION {{.Function}}() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS {{tag}}
DECLARE
    crossing CONSTANT text := {{.Crossing}}; -- whose fence this is
    state CONSTANT text := {{.State}};
BEGIN
    IF current_setting('repave.pass', true) = {{.Pass}} OR state = 'open' THEN
        RETURN NULL;
    END IF;
    IF state = 'held' THEN -- not in one expression: it may be evaluated in any order
        IF pg_try_advisory_xact_lock_shared(hashtextextended(crossing COLLATE "C", 0)) THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'read_only_sql_transaction',
        MESSAGE = format({{.Message}}, TG_TABLE_SCHEMA, TG_TABLE_NAME),
        HINT = {{.Hint}};
END
{{tag}}

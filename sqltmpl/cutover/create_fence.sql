-- cutover/create_fence.sql
-- Make or replace the function that refuses writes, to every session that does not hold the job's pass, until a time.
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
BEGIN
    IF current_setting('repave.pass', true) = {{.Pass}} OR clock_timestamp() >= {{.Until}}::timestamptz THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'read_only_sql_transaction',
        MESSAGE = format({{.Message}}, TG_TABLE_SCHEMA, TG_TABLE_NAME),
        HINT = {{.Hint}};
END
{{tag}}

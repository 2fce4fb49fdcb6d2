-- cutover/create_fits.sql
-- Assignment, unlike a cast, cuts nothing off. Make a function of this session alone that says why a row of one side is none of the other's; null if it is.
--
-- lock: ACCESS SHARE on the table
-- runs: inside a transaction that is rolled back
CREATE FUNCTION pg_temp.repave_fits(s {{.Table}}) RETURNS text
LANGUAGE plpgsql
AS {{tag}}
#variable_conflict use_column
DECLARE
    {{range $i, $c := .Columns}}repave_{{inc $i}} {{$c.Type}};
    {{end}}
BEGIN
    {{range $i, $c := .Columns}}repave_{{inc $i}} := {{$c.Value}};
    {{if $c.NotNull}}IF repave_{{inc $i}} IS NULL THEN
        RETURN {{$c.Missing}};
    END IF;
    {{end}}{{end}}RETURN NULL;
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
    RETURN SQLERRM;
END
{{tag}}

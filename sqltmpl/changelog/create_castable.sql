-- changelog/create_castable.sql
-- Make the function that tells whether the standby could have a key at all.
--
-- lock: none on users' tables
-- runs: inside the transaction that makes the capture
CREATE OR REPLACE FUNCTION {{.Castable}}({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.New}} {{$k.Type}}{{end}}) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS {{tag}}
BEGIN
    PERFORM {{range $i, $k := .Keys}}{{if $i}}, {{end}}({{$k.New}}){{$k.Cast}}{{end}};
    RETURN true;
EXCEPTION
    WHEN OTHERS THEN
        RETURN false;
END
{{tag}}

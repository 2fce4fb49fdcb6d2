-- changelog/create_fits.sql
-- Make the function that tells why a key can't be resynced, NULL if it can: it tries and takes it back.
--
-- lock: ROW EXCLUSIVE on the standby
-- runs: inside the transaction that makes the capture
CREATE OR REPLACE FUNCTION {{.Fits}}({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.New}} {{$k.Type}}{{end}}) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = {{.LockTimeout}}
AS {{tag}}
BEGIN
    PERFORM {{.Resync}}('INSERT', false{{range .Keys}}, {{.New}}{{end}}{{range .Keys}}, {{.New}}{{end}});
    RAISE SQLSTATE 'RP001';
EXCEPTION
    WHEN SQLSTATE 'RP001' THEN
        RETURN NULL;
    WHEN lock_not_available THEN
        RETURN NULL;
    WHEN OTHERS THEN
        RETURN SQLERRM;
END
{{tag}}

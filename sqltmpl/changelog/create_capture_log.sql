-- changelog/create_capture_log.sql
-- Make the trigger function of log mode: it only inserts keys.
-- Old and new key of an UPDATE are both logged where they differ; a TRUNCATE leaves a mark.
--
-- lock: none on users' tables
-- runs: inside the setup transaction
CREATE OR REPLACE FUNCTION {{.Capture}}() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS {{tag}}
#variable_conflict use_column
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF {{range $i, $k := .Keys}}{{if $i}} AND {{end}}OLD.{{$k.Live}} {{$k.LiveEq}} NEW.{{$k.Live}}{{end}} THEN
            INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
            VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}NEW.{{$k.Live}}{{end}});
        ELSE
            INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
            VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}OLD.{{$k.Live}}{{end}}),
                ({{range $i, $k := .Keys}}{{if $i}}, {{end}}NEW.{{$k.Live}}{{end}});
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}NEW.{{$k.Live}}{{end}});
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}OLD.{{$k.Live}}{{end}});
    ELSE
        INSERT INTO {{.Log}} (repave_kind) VALUES ('T');
    END IF;
    RETURN NULL;
END
{{tag}}

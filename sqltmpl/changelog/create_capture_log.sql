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
<<repave>>
DECLARE
    repave_broken boolean := false;{{range .Keys}}
    {{.Old}} {{.Type}};
    {{.New}} {{.Type}};{{end}}
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO {{.Log}} (repave_kind) VALUES ('T');
        RETURN NULL;
    END IF;
    -- A rename by others must not make a writer fail: it is noted in the log, where every step of the job sees it.
    BEGIN
        IF TG_OP IN ('UPDATE', 'DELETE') THEN
            {{range .Keys}}{{.Old}} := OLD.{{.Live}};
            {{end}}NULL;
        END IF;
        IF TG_OP IN ('UPDATE', 'INSERT') THEN
            {{range .Keys}}{{.New}} := NEW.{{.Live}};
            {{end}}NULL;
        END IF;
    EXCEPTION
        WHEN OTHERS THEN
            repave_broken := true;
    END;
    IF repave_broken THEN
        INSERT INTO {{.Log}} (repave_kind) VALUES ('X');
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND NOT ({{range $i, $k := .Keys}}{{if $i}} AND {{end}}repave.{{$k.Old}} {{$k.LiveEq}} repave.{{$k.New}}{{end}}) THEN
        INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}repave.{{$k.Old}}{{end}});{{if .Kept}}
        -- What the standby alone knows of this row goes with it.
        INSERT INTO {{.Log}} (repave_kind, {{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ('D', {{range $i, $k := .Keys}}{{if $i}}, {{end}}repave.{{$k.Old}}{{end}});{{end}}
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}repave.{{$k.New}}{{end}});
    END IF;
    RETURN NULL;
END
{{tag}}

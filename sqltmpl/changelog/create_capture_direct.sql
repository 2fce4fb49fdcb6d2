-- changelog/create_capture_direct.sql
-- Make the trigger function of direct mode: it resyncs the row's keys in the writer's own transaction, and logs a
-- key that it could not write. It never fails and never waits for long.
--
-- lock: as resync
-- runs: inside the switch transaction
CREATE OR REPLACE FUNCTION {{.Capture}}() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS {{tag}}
#variable_conflict use_column
<<repave>>
DECLARE
    repave_fixed boolean := current_setting('transaction_isolation') <> 'read committed';
    repave_moved boolean;
    repave_done boolean := false;
    repave_broken boolean := false;{{range .Keys}}
    {{.Old}} {{.Type}};
    {{.New}} {{.Type}};{{end}}
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        {{if .Partitions}}-- It may be one partition that was emptied.
        INSERT INTO {{.Log}} (repave_kind) VALUES ('T');{{else}}IF NOT {{.Guarded}}('TRUNCATE', repave_fixed{{range .Keys}}, NULL{{end}}{{range .Keys}}, NULL{{end}}) THEN
            INSERT INTO {{.Log}} (repave_kind) VALUES ('T');
        END IF;{{end}}
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
    repave_moved := TG_OP = 'UPDATE' AND NOT ({{range $i, $k := .Keys}}{{if $i}} AND {{end}}repave.{{$k.Old}} {{$k.LiveEq}} repave.{{$k.New}}{{end}});
    IF repave_moved THEN
        repave_done := {{.Guarded}}('KEY UPDATE', repave_fixed{{range .Keys}}, repave.{{.Old}}{{end}}{{range .Keys}}, repave.{{.New}}{{end}});
    ELSIF TG_OP = 'INSERT' THEN
        repave_done := {{.Guarded}}('INSERT', repave_fixed{{range .Keys}}, repave.{{.New}}{{end}}{{range .Keys}}, repave.{{.New}}{{end}});
    ELSE
        repave_done := {{.Guarded}}(TG_OP, repave_fixed{{range .Keys}}, repave.{{.Old}}{{end}}{{range .Keys}}, repave.{{.Old}}{{end}});
    END IF;
    IF repave_done THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' OR repave_moved THEN
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

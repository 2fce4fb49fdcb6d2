-- changelog/create_resync.sql
-- Make resync(keys): delete these keys from the standby, insert their rows as the live table has them now.
-- Returns whether every row got in. With fixed_snapshot (a snapshot older than the statement, that is REPEATABLE READ
-- and above) a DELETE or UPDATE whose row the standby does not show is not done: a newer row may be there unseen.
-- An UPDATE that changes the key resyncs both, as another row may have taken the old one.
--
-- lock: ROW EXCLUSIVE on the standby, ACCESS SHARE on the live table
-- runs: inside the writer's statement
CREATE OR REPLACE FUNCTION {{.Resync}}(
    operation text, fixed_snapshot boolean{{range .Keys}}, {{.Old}} {{.Type}}{{end}}{{range .Keys}}, {{.New}} {{.Type}}{{end}}
) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp{{range .Settings}}
SET {{.Name}} = {{.Value}}{{end}}
AS {{tag}}
#variable_conflict use_column
<<repave>>
DECLARE
    repave_deleted bigint;
    repave_wanted bigint;
    repave_inserted bigint;{{range .Kept}}
    {{.Variable}} {{.Type}};{{end}}
BEGIN
    IF {{.Resync.Name}}.operation = 'TRUNCATE' THEN
        TRUNCATE {{.Standby}};
        RETURN true;
    END IF;
    DELETE FROM {{.Standby}} AS t
    WHERE {{range $i, $k := .Keys}}{{if $i}}
        AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} ({{$.Resync.Name}}.{{$k.Old}}){{$k.Cast}}{{end}}{{if .Kept}}
    RETURNING {{range $i, $c := .Kept}}{{if $i}}, {{end}}t.{{$c.Standby}}{{end}}
    INTO {{range $i, $c := .Kept}}{{if $i}}, {{end}}{{$c.Variable}}{{end}}{{end}};
    GET DIAGNOSTICS repave_deleted = ROW_COUNT;
    IF {{.Resync.Name}}.fixed_snapshot AND repave_deleted = 0 AND {{.Resync.Name}}.operation <> 'INSERT' THEN
        RETURN false;
    END IF;
    IF {{.Resync.Name}}.operation = 'KEY UPDATE' THEN
        DELETE FROM {{.Standby}} AS t
        WHERE {{range $i, $k := .Keys}}{{if $i}}
            AND {{end}}t.{{$k.Standby}} {{$k.StandbyEq}} ({{$.Resync.Name}}.{{$k.New}}){{$k.Cast}}{{end}};
        SELECT count(*)
        INTO repave_wanted
        FROM {{.LiveRows}} AS s
        WHERE ({{range $i, $k := .Keys}}{{if $i}} AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} {{$.Resync.Name}}.{{$k.Old}}{{end}})
            OR ({{range $i, $k := .Keys}}{{if $i}} AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} {{$.Resync.Name}}.{{$k.New}}{{end}});
        INSERT INTO {{.Standby}} ({{.Insert}}{{range .Kept}}, {{.Standby}}{{end}})
        OVERRIDING SYSTEM VALUE
        SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}{{range .Kept}},
        CASE WHEN repave.repave_deleted > 0{{range $.Keys}}
            AND s.{{.Live}} {{.LiveEq}} {{$.Resync.Name}}.{{.New}}{{end}} THEN repave.{{.Variable}} ELSE {{.Default}} END{{end}}
        FROM {{.LiveRows}} AS s
        WHERE ({{range $i, $k := .Keys}}{{if $i}} AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} {{$.Resync.Name}}.{{$k.Old}}{{end}})
            OR ({{range $i, $k := .Keys}}{{if $i}} AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} {{$.Resync.Name}}.{{$k.New}}{{end}})
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS repave_inserted = ROW_COUNT;
        RETURN repave_inserted = repave_wanted;
    END IF;
    INSERT INTO {{.Standby}} ({{.Insert}}{{range .Kept}}, {{.Standby}}{{end}})
    OVERRIDING SYSTEM VALUE
    SELECT {{range $i, $v := .Values}}{{if $i}}, {{end}}{{$v}}{{end}}{{range .Kept}},
        CASE WHEN repave.repave_deleted > 0 THEN repave.{{.Variable}} ELSE {{.Default}} END{{end}}
    FROM {{.LiveRows}} AS s
    WHERE {{range $i, $k := .Keys}}{{if $i}}
        AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} {{$.Resync.Name}}.{{$k.Old}}{{end}}
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS repave_inserted = ROW_COUNT;
    IF repave_inserted = 1 THEN
        RETURN true;
    END IF;
    RETURN NOT EXISTS (
        SELECT FROM {{.LiveRows}} AS s
        WHERE {{range $i, $k := .Keys}}{{if $i}}
            AND {{end}}s.{{$k.Live}} {{$k.LiveEq}} {{$.Resync.Name}}.{{$k.Old}}{{end}}
    );
END
{{tag}}

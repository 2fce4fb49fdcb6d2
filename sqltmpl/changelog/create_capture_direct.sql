-- changelog/create_capture_direct.sql
-- Make the trigger function of direct mode: it resyncs the row's keys in the writer's own transaction and
-- logs a key that it could not write.
-- Plain resync is for READ COMMITTED with an empty log only: then the standby has no stale row that could hold
-- a unique value, and nothing waits or fails that did not on the live table.
--
-- lock: as resync
-- runs: inside the setup or switch transaction
CREATE OR REPLACE FUNCTION {{.Capture}}() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS {{tag}}
#variable_conflict use_column
DECLARE
    fixed_snapshot boolean := current_setting('transaction_isolation') <> 'read committed';
    careful boolean := fixed_snapshot OR {{if .AlwaysGuard}}true{{else}}EXISTS (SELECT FROM {{.Log}}){{end}};
    done boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF {{range $i, $k := .Keys}}{{if $i}} AND {{end}}OLD.{{$k.Live}} {{$k.LiveEq}} NEW.{{$k.Live}}{{end}} THEN
            IF careful THEN
                done := {{.Guarded}}('UPDATE', fixed_snapshot{{range .Keys}}, OLD.{{.Live}}{{end}}{{range .Keys}}, NEW.{{.Live}}{{end}});
            ELSE
                done := {{.Resync}}('UPDATE', fixed_snapshot{{range .Keys}}, OLD.{{.Live}}{{end}}{{range .Keys}}, NEW.{{.Live}}{{end}});
            END IF;
            IF done THEN
                RETURN NULL;
            END IF;
        ELSE
            IF careful THEN
                done := {{.Guarded}}('KEY UPDATE', fixed_snapshot{{range .Keys}}, OLD.{{.Live}}{{end}}{{range .Keys}}, NEW.{{.Live}}{{end}});
            ELSE
                done := {{.Resync}}('KEY UPDATE', fixed_snapshot{{range .Keys}}, OLD.{{.Live}}{{end}}{{range .Keys}}, NEW.{{.Live}}{{end}});
            END IF;
            IF done THEN
                RETURN NULL;
            END IF;
            INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
            VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}OLD.{{$k.Live}}{{end}});
        END IF;
        INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}NEW.{{$k.Live}}{{end}});
    ELSIF TG_OP = 'INSERT' THEN
        IF careful THEN
            done := {{.Guarded}}('INSERT', fixed_snapshot{{range .Keys}}, NEW.{{.Live}}{{end}}{{range .Keys}}, NEW.{{.Live}}{{end}});
        ELSE
            done := {{.Resync}}('INSERT', fixed_snapshot{{range .Keys}}, NEW.{{.Live}}{{end}}{{range .Keys}}, NEW.{{.Live}}{{end}});
        END IF;
        IF done THEN
            RETURN NULL;
        END IF;
        INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}NEW.{{$k.Live}}{{end}});
    ELSIF TG_OP = 'DELETE' THEN
        IF careful THEN
            done := {{.Guarded}}('DELETE', fixed_snapshot{{range .Keys}}, OLD.{{.Live}}{{end}}{{range .Keys}}, OLD.{{.Live}}{{end}});
        ELSE
            done := {{.Resync}}('DELETE', fixed_snapshot{{range .Keys}}, OLD.{{.Live}}{{end}}{{range .Keys}}, OLD.{{.Live}}{{end}});
        END IF;
        IF done THEN
            RETURN NULL;
        END IF;
        INSERT INTO {{.Log}} ({{range $i, $k := .Keys}}{{if $i}}, {{end}}{{$k.Log}}{{end}})
        VALUES ({{range $i, $k := .Keys}}{{if $i}}, {{end}}OLD.{{$k.Live}}{{end}});
    ELSE
        done := {{.Guarded}}('TRUNCATE', fixed_snapshot{{range .Keys}}, NULL{{end}}{{range .Keys}}, NULL{{end}});
        IF NOT done THEN
            INSERT INTO {{.Log}} (repave_kind) VALUES ('T');
        END IF;
    END IF;
    RETURN NULL;
END
{{tag}}

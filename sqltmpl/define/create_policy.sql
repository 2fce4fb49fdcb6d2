-- define/create_policy.sql
-- Create a policy.
--
-- lock: ACCESS EXCLUSIVE on the table
-- runs: inside a transaction
CREATE POLICY {{.Name}} ON {{.Table}} AS {{if .Permissive}}PERMISSIVE{{else}}RESTRICTIVE{{end}} FOR {{.Command}}
TO {{range $i, $r := .Roles}}{{if $i}}, {{end}}{{$r}}{{end}}
{{- if .Using}}
USING ({{.Using}}){{end}}
{{- if .WithCheck}}
WITH CHECK ({{.WithCheck}}){{end}}

-- shadow/create_index.sql
-- Build an index by its definition as the server deparsed it.
--
-- lock: SHARE on the shadow
-- runs: outside any other transaction, several at a time
{{.Def}}

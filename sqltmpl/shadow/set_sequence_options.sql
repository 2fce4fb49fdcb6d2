-- shadow/set_sequence_options.sql
-- Make the sequence of a new identity column begin and count like another.
--
-- lock: SHARE ROW EXCLUSIVE on the sequence
-- runs: inside setup
ALTER SEQUENCE {{.Sequence}} AS {{.Type}}
    INCREMENT BY {{.Increment}} MINVALUE {{.Min}} MAXVALUE {{.Max}} START WITH {{.Start}} RESTART CACHE {{.Cache}}
    {{if not .Cycle}}NO {{end}}CYCLE

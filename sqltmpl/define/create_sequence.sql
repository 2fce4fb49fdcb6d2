-- define/create_sequence.sql
-- Create a sequence that counts like another.
--
-- lock: none
-- runs: inside a transaction
CREATE {{if .Unlogged}}UNLOGGED {{end}}SEQUENCE {{.Sequence}} AS {{.Type}}
    INCREMENT BY {{.Increment}} MINVALUE {{.Min}} MAXVALUE {{.Max}} START WITH {{.Start}} CACHE {{.Cache}}
    {{if not .Cycle}}NO {{end}}CYCLE

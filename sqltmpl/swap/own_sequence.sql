-- swap/own_sequence.sql
-- Give a serial column its sequence.
--
-- lock: SHARE ROW EXCLUSIVE on the sequence
-- runs: inside the swap, when table and sequence are in one schema
ALTER SEQUENCE {{.Sequence}} OWNED BY {{.Table}}.{{.Column}}

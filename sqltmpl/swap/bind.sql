-- swap/bind.sql
-- Bind an object to the table that has the name now, or free its name.
--
-- lock: that of the statement, ACCESS EXCLUSIVE at most
-- runs: in the swap's transaction
{{.SQL}}

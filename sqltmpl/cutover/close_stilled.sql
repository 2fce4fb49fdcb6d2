-- cutover/close_stilled.sql
-- Keep others away from it.
--
-- lock: none
-- runs: inside the transaction that makes it
REVOKE ALL ON TABLE {{.Table}} FROM PUBLIC

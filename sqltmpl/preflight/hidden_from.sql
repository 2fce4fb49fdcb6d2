-- preflight/hidden_from.sql
-- Name the session's role if row security may hide rows of a table from it; '' if not.
--
-- lock: none
-- runs: anywhere
SELECT CASE WHEN pg_catalog.row_security_active(@oid::oid) THEN pg_catalog.quote_ident(current_user) ELSE '' END

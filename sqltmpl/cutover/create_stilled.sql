-- cutover/create_stilled.sql
-- Make the table that keeps how triggers and rules were switched that are kept still: on the same server, and in the same transaction.
--
-- lock: none
-- runs: inside the transaction that switches them off
CREATE TABLE IF NOT EXISTS {{.Table}} (
    kind text NOT NULL,
    object oid PRIMARY KEY,
    state text NOT NULL,
    restore text NOT NULL -- for people; see list_orphans.sql
)

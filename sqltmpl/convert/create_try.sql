-- convert/create_try.sql
-- Make the function that tells why a value can't be converted, NULL if it can.
--
-- An assignment, as a copy does it: an explicit cast would cut a string that is too long. In a DECLARE, since a variable
-- without a value fails where its type is a domain that is not null; in a block of its own, or the error is not caught.
--
-- lock: none
-- runs: inside a transaction that is rolled back
CREATE FUNCTION pg_temp.{{.Function}}(repave_given {{.From}}) RETURNS text
LANGUAGE plpgsql
AS {{tag}}
BEGIN
    DECLARE
        repave_value {{.To}} := repave_given;
    BEGIN
        RETURN NULL;
    END;
EXCEPTION
    WHEN OTHERS THEN
        RETURN SQLERRM;
END
{{tag}}

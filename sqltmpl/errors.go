package sqltmpl

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs of PostgreSQL's appendix A that somebody here asks about.
const (
	codeLockNotAvailable     = "55P03"
	codeDeadlockDetected     = "40P01"
	codeSerializationFailure = "40001"
	codeQueryCanceled        = "57014"
	codeUndefinedTable       = "42P01"
	codeInsufficient         = "42501"
	codeInvalidSchema        = "3F000"
	codeInvalidTable         = "42P16"
	codeUndefinedColumn      = "42703"
	codeInvalidFunction      = "42P13"
	codeInvalidParameter     = "22023"
	codeDependentObjects     = "2BP01"
	codeNotInState           = "55000"
	codeInternal             = "XX000"
)

// code returns the SQLSTATE of err, or "" if the server did not send it.
func code(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code
	}
	return ""
}

// IsLockContention reports whether err means the statement lost a race for a
// lock, had no effect, and may be tried again.
func IsLockContention(err error) bool {
	c := code(err)
	return c == codeLockNotAvailable || c == codeDeadlockDetected
}

// IsSerializationFailure reports whether err means a concurrent transaction
// changed what this one was about to change; it may be tried again.
func IsSerializationFailure(err error) bool { return code(err) == codeSerializationFailure }

// IsCanceled reports whether the server cancelled the statement.
func IsCanceled(err error) bool { return code(err) == codeQueryCanceled }

// IsMissing reports whether err says that a relation or schema does not exist.
func IsMissing(err error) bool {
	c := code(err)
	return c == codeUndefinedTable || c == codeInvalidSchema
}

// IsMissingObject reports whether err says that something other than a relation does not exist.
func IsMissingObject(err error) bool { return code(err) == codeUndefinedObject }

// IsTooLarge reports whether err says that the server would need more than it can have for one value, which is 1 GB.
func IsTooLarge(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == codeInternal && strings.HasPrefix(pgErr.Message, "invalid memory alloc request size") ||
		strings.HasPrefix(pgErr.Detail, "Cannot enlarge string buffer"))
}

// IsMissingColumn reports whether err says that a column does not exist.
func IsMissingColumn(err error) bool { return code(err) == codeUndefinedColumn }

// IsDefinition reports whether err says that a view or function can't be
// replaced by one that differs so much.
func IsDefinition(err error) bool {
	c := code(err)
	return c == codeInvalidTable || c == codeInvalidFunction
}

// IsNoSnapshot reports whether err says that an exported snapshot can't be
// imported: there is none of that name, or whoever exported it is gone.
func IsNoSnapshot(err error) bool {
	c := code(err)
	return c == codeInvalidParameter || c == codeUndefinedObject || c == codeNotInState
}

// IsUnknownOption reports whether err says that the server does not know a
// storage parameter, or not that value.
func IsUnknownOption(err error) bool {
	c := code(err)
	return c == codeInvalidParameter || c == codeUnsupported
}

// IsDependedOn reports whether err says that other objects depend on what was
// to be dropped.
func IsDependedOn(err error) bool { return code(err) == codeDependentObjects }

// Detail returns what the server's error adds in its DETAIL, on one line; else its text.
func Detail(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Detail != "" {
		return strings.ReplaceAll(pgErr.Detail, "\n", "; ")
	}
	return err.Error()
}

// IsPrivilege reports whether err says that a privilege is missing.
func IsPrivilege(err error) bool { return code(err) == codeInsufficient }

// IsBadData reports whether err says that a row's values can't be converted or
// break a constraint (SQLSTATE classes 22 and 23).
func IsBadData(err error) bool {
	c := code(err)
	return strings.HasPrefix(c, "22") || strings.HasPrefix(c, "23")
}

// IsConnection reports whether err means that the session is gone: the server
// said so (classes 08 and 57P) or the network did.
func IsConnection(err error) bool {
	if c := code(err); c != "" {
		return strings.HasPrefix(c, "08") || strings.HasPrefix(c, "57P")
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, new(net.Error)) || errors.As(err, new(*pgconn.ConnectError)) || pgconn.SafeToRetry(err)
}

// IsUpdateRefused reports whether err says that rows can't be updated as a set
// though they could be deleted and inserted: values of a unique or exclusion
// constraint have moved between them, or a column is GENERATED ALWAYS.
func IsUpdateRefused(err error) bool {
	c := code(err)
	return c == "23505" || c == "23P01" || IsGeneratedAlways(err)
}

// IsGeneratedAlways reports whether err says that a column takes no value of ours.
func IsGeneratedAlways(err error) bool { return code(err) == "428C9" }

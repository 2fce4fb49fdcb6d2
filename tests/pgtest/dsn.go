package pgtest

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// withDatabase returns dsn for another database.
func withDatabase(dsn, database string) (string, error) {
	return rewrite(dsn, fmt.Sprintf(" dbname='%s'", database), func(u *url.URL, query url.Values) {
		query.Del("dbname")
		query.Del("database")
		u.Path = "/" + database
	})
}

// withAddress returns dsn for a server at another TCP address, without TLS.
func withAddress(dsn string, addr *net.TCPAddr) (string, error) {
	keywords := fmt.Sprintf(" host='%s' port=%d sslmode=disable", addr.IP, addr.Port)
	return rewrite(dsn, keywords, func(u *url.URL, query url.Values) {
		query.Del("host")
		query.Del("port")
		query.Set("sslmode", "disable")
		u.Host = net.JoinHostPort(addr.IP.String(), strconv.Itoa(addr.Port))
	})
}

// rewrite applies edit to a DSN that is a URL, and appends keywords to one that
// is not; of keywords the last one counts.
func rewrite(dsn, keywords string, edit func(*url.URL, url.Values)) (string, error) {
	if _, err := pgx.ParseConfig(dsn); err != nil {
		return "", err
	}
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + keywords, nil
	}
	parsed, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	query := parsed.Query()
	edit(parsed, query)
	// A space as a plus sign is for web forms; libpq and pgx take it for a plus.
	parsed.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return parsed.String(), nil
}

// As returns dsn for another role.
func As(tb testing.TB, dsn, role, password string) string {
	tb.Helper()
	out, err := rewrite(dsn, fmt.Sprintf(" user='%s' password='%s'", role, password), func(u *url.URL, query url.Values) {
		query.Del("user")
		query.Del("password")
		u.User = url.UserPassword(role, password)
	})
	require.NoError(tb, err)
	return out
}

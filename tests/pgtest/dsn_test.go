package pgtest

import (
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestRewritingADSN(t *testing.T) {
	t.Parallel()

	for _, dsn := range []string{
		"postgres://me:p%40ss@db.example:1234/orders?sslmode=require&application_name=a%20b",
		"postgresql://me:p%40ss@/orders?host=/tmp&port=1234&application_name=a%20b",
		"host=db.example port=1234 user=me password='p@ss' dbname=orders application_name='a b'",
	} {
		t.Run(dsn, func(t *testing.T) {
			t.Parallel()

			moved, err := withAddress(dsn, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 99})
			require.NoError(t, err)
			moved, err = withDatabase(moved, "a_b")
			require.NoError(t, err)
			config, err := pgx.ParseConfig(moved)
			require.NoError(t, err)
			require.Equal(t, "127.0.0.1", config.Host)
			require.Equal(t, uint16(99), config.Port)
			require.Nil(t, config.TLSConfig)
			require.Equal(t, "a_b", config.Database)
			require.Equal(t, "me", config.User)
			require.Equal(t, "p@ss", config.Password)
			require.Equal(t, "a b", config.RuntimeParams["application_name"])
		})
	}
}

package db_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/db"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw4AVanishedNetworkIsNoticed: within a minute, by the operating systems of both sides, rather than after hours.
func TestLaw4AVanishedNetworkIsNoticed(t *testing.T) {
	t.Parallel()
	cfg, err := db.Config(pgtest.Database(t), "repave test")
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), cfg.ConnConfig)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	tcp, ok := conn.PgConn().Conn().(*net.TCPConn)
	require.True(t, ok)
	raw, err := tcp.SyscallConn()
	require.NoError(t, err)
	const tcpUserTimeout = 0x12
	for option, most := range map[int]int{
		tcpUserTimeout: 60_000, syscall.TCP_KEEPIDLE: 30, syscall.TCP_KEEPINTVL: 10, syscall.TCP_KEEPCNT: 6,
	} {
		require.NoError(t, raw.Control(func(fd uintptr) {
			value, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, option)
			require.NoError(t, err)
			require.Positive(t, value, option)
			require.LessOrEqual(t, value, most, option)
		}))
	}
	for name, most := range map[string]int{
		"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 6,
	} {
		value := pgtest.Value[int](t, conn, `SELECT setting::int FROM pg_settings WHERE name = $1`, name) // the socket's
		require.Positive(t, value, name)
		require.LessOrEqual(t, value, most, name)
	}
}

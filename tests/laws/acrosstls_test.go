package laws_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/pgserver"
	"github.com/repave-pg/repave/tests/pgtest"
)

// TestLaw2AcrossOverTLS: both servers let in nobody without TLS, and all that moves goes through it: the copy, changes in many
// transactions and in a large one, the cutover, and the way back.
func TestLaw2AcrossOverTLS(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	c.from, c.to = onlyTLS(t, c.source), onlyTLS(t, c.target)
	conn := pgtest.Connect(t, c.from)
	pgtest.Exec(t, conn, `CREATE TABLE big (id int PRIMARY KEY, n int, text text);
		INSERT INTO big SELECT i, i, repeat(md5(i::text), 4) FROM generate_series(1, 20000) i`)
	load := c.shop(2000)
	await(t, load, 50)
	tables := append([]string{"big"}, shopTables...)
	c.must(append([]string{"run", "--strategy=logical", "--alter", "ALTER id TYPE bigint", "--until", "replay"}, tables...)...)
	pgtest.Exec(t, conn, `UPDATE big SET n = n + 1, text = text || n`)
	await(t, load, 50)
	c.must(append([]string{"swap"}, tables...)...)
	await(t, load, 100)
	there := pgtest.Connect(t, c.to)
	const sum = `SELECT count(*) || ' ' || sum(hashtextextended(id || ' ' || n || ' ' || text, 0)) FROM big`
	require.Equal(t, pgtest.Value[string](t, conn, sum), pgtest.Value[string](t, there, sum))
	pgtest.Exec(t, there, `UPDATE big SET n = n + 1, text = text || n`)
	c.must(append([]string{"revert-swap", "--yes"}, tables...)...)
	await(t, load, 50)
	require.Equal(t, pgtest.Value[string](t, there, sum), pgtest.Value[string](t, conn, sum))
	c.must(append([]string{"reset", "--yes"}, tables...)...)
	settleUp(t, load, c.from)
	c.requireNoTraces()
}

// onlyTLS makes a server let in nobody without TLS, and returns the DSN of whoever checks its certificate.
func onlyTLS(t *testing.T, server *pgserver.Server) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := server.DataDir()
	owner, err := os.Stat(dir)
	require.NoError(t, err)
	stat, ok := owner.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	write := func(name string, content []byte) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		require.NoError(t, os.Chown(path, int(stat.Uid), int(stat.Gid)))
	}
	write("server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	write("server.crt", public)
	write("pg_hba.conf", []byte("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl replication all 127.0.0.1/32 scram-sha-256\n"))
	trusted := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(trusted, public, 0o600))

	conn := pgtest.Connect(t, server.DSN("postgres"))
	pgtest.Exec(t, conn, "ALTER SYSTEM SET ssl = on")
	require.NoError(t, server.Halt(t.Context()))
	require.NoError(t, server.Restart(t.Context()))
	_, err = pgx.Connect(t.Context(), server.DSN("postgres"))
	require.ErrorContains(t, err, "pg_hba.conf")
	dsn, err := url.Parse(server.DSN("postgres"))
	require.NoError(t, err)
	dsn.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {trusted}}.Encode()
	return dsn.String()
}

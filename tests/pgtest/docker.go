package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

const (
	// pingTimeout is how long a docker daemon may take to say that it is there.
	pingTimeout = 2 * time.Second
	// containerLife ends a container whose test binary was killed.
	containerLife = time.Hour
)

// startDocker runs a server in a container, set up as pgserver sets up its own.
func startDocker(ctx context.Context) (dsn string, down func(context.Context) error, err error) {
	pool, err := dockertest.NewPool("")
	if err != nil {
		return "", nil, fmt.Errorf("looking for docker: %w", err)
	}
	ping, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := pool.Client.PingWithContext(ping); err != nil {
		return "", nil, fmt.Errorf("looking for docker: %w", err)
	}
	resource, err := pool.RunWithOptions(&dockertest.RunOptions{
		Repository: "postgres",
		Tag:        cmp.Or(os.Getenv("REPAVE_TEST_PG"), "16"),
		Env:        []string{"POSTGRES_PASSWORD=postgres"},
		Cmd: []string{
			"postgres", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=logical",
			"-c", "max_connections=200", "-c", "max_prepared_transactions=20", "-c", "max_replication_slots=20",
			"-c", "max_wal_senders=20", "-c", "shared_buffers=" + sharedBuffers,
		},
	}, func(config *docker.HostConfig) { config.AutoRemove = true })
	if err != nil {
		return "", nil, fmt.Errorf("running PostgreSQL in docker: %w", err)
	}
	down = func(context.Context) error { return pool.Purge(resource) }
	server := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", "postgres"),
		Host:     resource.GetHostPort("5432/tcp"),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	if err := errors.Join(resource.Expire(uint(containerLife.Seconds())), awaitServer(ctx, pool, server.String())); err != nil {
		return "", nil, fmt.Errorf("running PostgreSQL in docker: %w", errors.Join(err, down(ctx)))
	}
	return server.String(), down, nil
}

// awaitServer returns when the server accepts connections.
func awaitServer(ctx context.Context, pool *dockertest.Pool, dsn string) error {
	return pool.Retry(func() error {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

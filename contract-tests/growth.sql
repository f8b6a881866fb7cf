-- A database that has grown, for the unit tests of both twins: what one user has among others, and
-- what prune deletes and leaves. Nothing happens beside the tests that would read the tables. The settings
-- growth.tasks and growth.entries say how many tasks and time entries the user has; VACUUM must follow.

ALTER TABLE users SET (autovacuum_enabled = false);
ALTER TABLE sessions SET (autovacuum_enabled = false);
ALTER TABLE refresh_tokens SET (autovacuum_enabled = false);
ALTER TABLE tasks SET (autovacuum_enabled = false);
ALTER TABLE time_entries SET (autovacuum_enabled = false);
ALTER TABLE idempotency_records SET (autovacuum_enabled = false);
ALTER TABLE last_writes SET (autovacuum_enabled = false);
ALTER TABLE rate_limits SET (autovacuum_enabled = false);

INSERT INTO users (id, email, password_hash, role, created_at, updated_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    'user-' || n || '@example.com', 'none', 'user',
    '2026-01-01Z'::timestamptz + n * interval '1 minute',
    '2026-01-01Z'::timestamptz + n * interval '1 minute'
FROM generate_series(1, 5000) AS n;

-- User 1 has tasks, each second of them due, and hours tracked on these, up to February 2026.
INSERT INTO tasks (id, user_id, title, status, due_at, created_at, updated_at)
SELECT ('00000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid,
    '00000000-0000-7000-8000-000000000001', 'Task ' || n, 'pending',
    CASE WHEN n % 2 = 0 THEN '2026-01-01Z'::timestamptz + n * interval '1 minute' END,
    '2026-01-01Z'::timestamptz + n * interval '1 minute',
    '2026-01-01Z'::timestamptz + n * interval '1 minute'
FROM generate_series(1, current_setting('growth.tasks')::int) AS n;

INSERT INTO time_entries (id, user_id, task_id, start_time, end_time, created_at, updated_at)
SELECT ('00000000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
    '00000000-0000-7000-8000-000000000001',
    ('00000000-0000-7000-8001-' || lpad(to_hex(1 + n % current_setting('growth.tasks')::int), 12, '0'))::uuid,
    '2026-02-01Z'::timestamptz - n * interval '1 hour',
    '2026-02-01Z'::timestamptz - (n - 1) * interval '1 hour',
    '2026-02-01Z', '2026-02-01Z'
FROM generate_series(1, current_setting('growth.entries')::int) AS n;

-- User 4 has one task, on which a tenth of as many hours were tracked, and a session of the third below.
INSERT INTO tasks (id, user_id, title, status, created_at, updated_at)
VALUES ('00000000-0000-7000-8006-000000000001', '00000000-0000-7000-8000-000000000004', 'Endless', 'pending',
    '2026-01-01Z', '2026-01-01Z');

INSERT INTO time_entries (id, user_id, task_id, start_time, end_time, created_at, updated_at)
SELECT ('00000000-0000-7000-8007-' || lpad(to_hex(n), 12, '0'))::uuid,
    '00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8006-000000000001',
    '2026-02-01Z'::timestamptz - n * interval '1 hour',
    '2026-02-01Z'::timestamptz - (n - 1) * interval '1 hour',
    '2026-02-01Z', '2026-02-01Z'
FROM generate_series(1, current_setting('growth.entries')::int / 10) AS n;

-- Of each four sessions one has been revoked, and one has only a token that expired long ago.
INSERT INTO sessions (id, user_id, revoked_at)
SELECT ('00000000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('00000000-0000-7000-8000-' || lpad(to_hex(1 + n % 5000), 12, '0'))::uuid,
    CASE WHEN n % 4 = 0 THEN now() END
FROM generate_series(1, 10000) AS n;

INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at)
SELECT ('00000000-0000-7000-8004-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('00000000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid,
    sha256(n::text::bytea),
    now() + CASE n % 4 WHEN 1 THEN interval '-25 hours' WHEN 2 THEN interval '-23 hours' ELSE interval '1 hour' END
FROM generate_series(1, 10000) AS n;

-- A session whose older tokens have expired goes on with the last of them.
INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at)
SELECT ('00000000-0000-7000-8005-' || lpad(to_hex(n), 12, '0'))::uuid,
    '00000000-0000-7000-8003-000000000003', sha256(('older ' || n)::bytea), now() - interval '25 hours'
FROM generate_series(1, 2000) AS n;

-- Half of these have expired.
INSERT INTO idempotency_records (user_id, key, fingerprint, created_at)
SELECT '00000000-0000-7000-8000-000000000001', 'key-' || n, '\x00',
    now() - CASE n % 2 WHEN 0 THEN interval '25 hours' ELSE interval '23 hours' END
FROM generate_series(1, 5000) AS n;

INSERT INTO last_writes (user_id, position)
SELECT id, 1
FROM users;

INSERT INTO rate_limits (key, hits, window_ends_at)
SELECT 'logIn ' || n, 1, now() + CASE n % 2 WHEN 0 THEN interval '-1 second' ELSE interval '1 hour' END
FROM generate_series(1, 5000) AS n;

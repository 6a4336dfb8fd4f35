"""The audit log's rows are chained by the server: appended in one round trip, with the commit."""

from alembic import op

revision = "0022"
down_revision = "0025"

# The content that is hashed is `storage.audit_rows._row_sha256`'s: its keys in their order.
APPEND = """
CREATE FUNCTION append_audit(
    events text[], account_ids text[], job_ids bigint[], item_ids bigint[], facts_json text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
    previous text;
    hash text;
    written_at timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(7105332190);
    -- a statement of its own: it sees what whoever had the lock before has committed
    SELECT number, sha256 INTO place, previous FROM audit ORDER BY number DESC LIMIT 1;
    IF NOT FOUND THEN
        place := 0;
        previous := repeat('0', 64);
    END IF;
    written_at := clock_timestamp();
    FOR i IN 1 .. cardinality(events) LOOP
        place := place + 1;
        hash := encode(sha256(convert_to(
            '{"account_id":' || to_json(account_ids[i])
            || ',"at":"' || to_char(written_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
            || '+00:00","event":' || to_json(events[i])
            || ',"facts":' || facts_json[i]
            || ',"item_id":' || item_ids[i]
            || ',"job_id":' || job_ids[i]
            || ',"number":' || place
            || ',"previous_sha256":"' || previous || '"}', 'UTF8')), 'hex');
        INSERT INTO audit (number, at, event, account_id, job_id, item_id, facts, previous_sha256,
                           sha256)
        VALUES (place, written_at, events[i], account_ids[i], job_ids[i], item_ids[i],
                facts_json[i]::jsonb, previous, hash);
        previous := hash;
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Make the function; a worker of the version before appends as it did, under the same lock."""
    op.execute(APPEND)


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP FUNCTION append_audit")

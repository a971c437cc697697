-- What changes of the configuration, compaction, snapshots and recovery keep.

-- Set once, when the member finds that its disk forgot entries that it had acknowledged.
ALTER TABLE raft_state ADD COLUMN has_lost_log boolean NOT NULL DEFAULT false;

-- A change of the configuration takes effect when its entry is applied, so the configuration
-- belongs to the applied state and changes in the same flush.
ALTER TABLE applied_state ADD COLUMN conf_state json NOT NULL DEFAULT '[[]]';
UPDATE applied_state SET conf_state = (SELECT conf_state FROM raft_state);
ALTER TABLE raft_state DROP COLUMN conf_state;

-- The last entry that left the log; (0, 0) for none. It comes first and the rows go after it, in
-- steps, so rows up to here may still be there and count for nothing. Apart from raft_state,
-- whose row every append wants.
CREATE TABLE raft_log_start (
    is_only_row     boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    compacted_index bigint  NOT NULL,
    compacted_term  bigint  NOT NULL
);
INSERT INTO raft_log_start (compacted_index, compacted_term) VALUES (0, 0);

-- Rows come at one end and go at the other: vacuum by count, not by share, and never lock the
-- table to give its last pages back, because an append would wait for that.
ALTER TABLE raft_log SET (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_threshold = -1,
    vacuum_truncate = off
);

-- Where the rows of an arriving snapshot wait until they replace those of the state.
CREATE SCHEMA bitebyte_staging;

-- Each time a member was made the only one of a new cluster because its quorum was lost.
CREATE TABLE recovery_history (
    new_cluster_id  bigint      PRIMARY KEY,
    new_member_id   bigint      NOT NULL,
    new_term        bigint      NOT NULL,
    old_cluster_id  bigint      NOT NULL,
    old_member_id   bigint      NOT NULL,
    old_term        bigint      NOT NULL,
    old_conf_state  json        NOT NULL,
    last_index      bigint      NOT NULL,
    last_term       bigint      NOT NULL,
    commit_index    bigint      NOT NULL,
    applied_index   bigint      NOT NULL,
    recovered_at    timestamptz NOT NULL DEFAULT now()
);

-- The cluster's own row of the replicated state: its members by name and address, the ids that
-- are used up, and the level of command kinds that every member knows.
CREATE TABLE clusters (
    id              text   PRIMARY KEY,
    cluster_version bigint NOT NULL,
    members         json   NOT NULL,
    retired_ids     json   NOT NULL
);

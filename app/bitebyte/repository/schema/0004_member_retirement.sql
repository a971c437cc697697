-- That the cluster has removed the member of this database. Its id never comes back, so this stays
-- true whatever happens to the others: a node that is to join anew may set the database aside.
CREATE TABLE member_retirement (
    member_id  bigint      PRIMARY KEY,
    noted_at   timestamptz NOT NULL DEFAULT now()
);

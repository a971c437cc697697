#!/bin/sh
# Makes the database where there is none yet, refuses what is not ours, and becomes PostgreSQL.
set -eu

volume=${BITEBYTE_VOLUME:-/var/lib/bitebyte}
data=$volume/postgres
settings=/etc/bitebyte/postgres
major=$(postgres --version | sed 's/.* \([0-9]*\)\..*/\1/')

refuse() {
    echo "BiteByte: $*" >&2
    exit 78 # EX_CONFIG: starting again does not help
}

if [ ! -e "$data" ]; then
    # Beside its place, then one rename: a start that was interrupted leaves no half of a database.
    rm -rf "$volume"/postgres.new-*
    fresh=$volume/postgres.new-$$
    echo "BiteByte: making a new database in $data" >&2
    initdb --pgdata="$fresh" --username=bitebyte --auth-local=peer --auth-host=reject \
        --data-checksums --encoding=UTF8 --locale=C --no-instructions > /dev/null
    echo 'CREATE DATABASE bitebyte' |
        postgres --single -D "$fresh" -c log_min_messages=error postgres > /dev/null
    sync "$fresh"/* "$fresh"
    mv "$fresh" "$data"
    sync "$volume"
fi

[ -f "$data/PG_VERSION" ] ||
    refuse "$data is there but is no PostgreSQL database. Move it away, or restore it."
found=$(cat "$data/PG_VERSION")
[ "$found" = "$major" ] ||
    refuse "$data was made by PostgreSQL $found, and this image brings $major. Use an image with $found."
[ -O "$data" ] ||
    refuse "$data belongs to another user than $(id -u). The volume's fsGroup must be $(id -g)."

exec postgres -D "$data" -c config_file="$settings/postgresql.conf" -c hba_file="$settings/pg_hba.conf"

#!/bin/sh
# Makes a database and an account of the same name for each keeper of records, or gives the account its password anew.
# As the administrator, over the network; every password comes from a file and goes to psql by standard input.
set -eu
secrets=${TILLSTREAM_SECRETS:-/run/secrets}

PGPASSWORD=$(cat "$secrets/postgres_administrator")
export PGPASSWORD
for name in airflow superset; do
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name=$name --dbname=postgres <<SQL
\set password \`cat '$secrets/postgres_$name'\`
SELECT format('CREATE ROLE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
    echo "postgres has the database and the account $name"
done

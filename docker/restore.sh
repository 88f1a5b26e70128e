#!/bin/sh
# Brings a backup back, where there are no volumes, and starts everything.
#
#   docker/restore.sh FOLDER
set -eu
cd "$(dirname "$0")/.."
umask 077
folder=$(cd "${1:?usage: docker/restore.sh FOLDER}" && pwd)
project=${COMPOSE_PROJECT_NAME:-tillstream}

die() {
    echo "$1" >&2
    exit 1
}

(cd "$folder" && sha256sum --check --quiet SHA256SUMS) || die "$folder is damaged."
[ -z "$(docker volume ls --quiet --filter "label=com.docker.compose.project=$project")" ] ||
    die "There are volumes already. A backup takes the place of all of them or of none:
to give them up for ever, docker compose --profile tools down --volumes; then run this again."
[ -e .env ] || cp "$folder/env" .env
secrets=${TILLSTREAM_SECRETS:-$(sed -n 's/^TILLSTREAM_SECRETS=//p' .env)}
mkdir -p "$secrets"
[ -n "$(ls -A "$secrets")" ] || tar -C "$secrets" -xpf "$folder/secrets.tar"
tar -C "$secrets" -df "$folder/secrets.tar" >/dev/null 2>&1 ||
    die "$secrets has other passwords than the backup, whose servers know theirs only: move it away, then run this again."
docker compose config --images | sort -u | cmp -s - "$folder/images" ||
    die "The backup was made by other versions ($(tr '\n' ' ' <"$folder/images")): check out theirs, restore, then upgrade."

docker compose --profile tools up --no-start # makes the volumes, also those that only the command has
for archive in "$folder"/*.volume.tar; do
    docker run --rm --interactive --network none --user 0:0 --entrypoint tar \
        --volume "$(basename "$archive" .volume.tar):/volume" tillstream:0.1.0 -C /volume -xpf - <"$archive"
done
docker compose up --detach --no-build
echo "Everything is back. Prove it: docker compose run --rm tillstream verify"

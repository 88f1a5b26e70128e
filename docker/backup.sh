#!/bin/sh
# Copies every volume and the passwords into a new folder, all of one moment: the containers stand still meanwhile.
#
#   docker/backup.sh FOLDER
set -eu
cd "$(dirname "$0")/.."
umask 077
folder=${1:?usage: docker/backup.sh FOLDER}
project=${COMPOSE_PROJECT_NAME:-tillstream}
secrets=${TILLSTREAM_SECRETS:-$(sed -n 's/^TILLSTREAM_SECRETS=//p' .env)}
[ ! -e "$folder" ] || { echo "$folder is there already: give a new name" >&2; exit 1; }
rm -rf "$folder.part"
mkdir -p "$folder.part"
draft=$(cd "$folder.part" && pwd)

trap 'docker compose up --detach --no-build' EXIT
docker compose stop # the stream first: each before what it depends on
docker compose config --images | sort -u >"$draft/images"
for volume in $(docker volume ls --quiet --filter "label=com.docker.compose.project=$project"); do
    docker run --rm --network none --user 0:0 --entrypoint tar --volume "$volume:/volume:ro" \
        tillstream:0.1.0 -C /volume -cf - . >"$draft/$volume.volume.tar"
done
tar -C "$secrets" -cf "$draft/secrets.tar" .
cp .env "$draft/env"
(cd "$draft" && sha256sum -- *.tar env images >SHA256SUMS)
mv "$folder.part" "$folder"
echo "$folder has everything, all passwords too: keep it where nobody else reads it."

#!/bin/sh
# Makes the passwords that docker-compose.yml names and that are not there yet, one file each, and tells Compose where.
#
#   docker/secrets.sh [FOLDER]    default: what .env says, or .secrets of this checkout
#
# Only the owner may enter the folder. The files in it are readable by all, because the users inside the containers are
# others than the owner, and each container sees its own files only.
set -eu
cd "$(dirname "$0")/.."
umask 077
said=$(sed -n 's/^TILLSTREAM_SECRETS=//p' .env 2>/dev/null || true)
folder=${1:-${said:-$PWD/.secrets}}
mkdir -p "$folder"
chmod 700 "$folder"
folder=$(cd "$folder" && pwd)

made=''
for name in $(sed -n 's|.*{file: "\${TILLSTREAM_SECRETS:?[^}]*}/\([a-z_]*\)"}|\1|p' docker-compose.yml); do
    if [ ! -s "$folder/$name" ]; then
        head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$folder/.$name.new"
        mv "$folder/.$name.new" "$folder/$name"
        made="$made $name"
    fi
    chmod 444 "$folder/$name"
done

if [ "$said" != "$folder" ]; then
    { grep -v '^TILLSTREAM_SECRETS=' .env 2>/dev/null || true; echo "TILLSTREAM_SECRETS=$folder"; } >.env.new
    mv .env.new .env
fi
chmod 600 .env
echo "Passwords in $folder:${made:- all there already}"

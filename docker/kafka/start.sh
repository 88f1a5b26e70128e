#!/bin/sh
# The broker in its container, with the options of stack/kafka.py. Its folder is formatted once, aside, so that half a
# formatted one is none. The administrator is made with it; his password is on no command line, which others could see.
set -eu
umask 077
here=$(dirname "$0")
jars="${KAFKA_JARS:-/opt/kafka/libs}/*"

cd /var/lib/kafka/data
mkdir -p /tmp/kafka
if [ ! -e log ]; then
    rm -rf log.new
    sed 's/^log\.dirs=.*/log.dirs=log.new/' "$here/server.properties" >/tmp/kafka/format.properties
    printf '"%s"\n' -XX:TieredStopAtLevel=1 -XX:-UsePerfData -cp "$jars" kafka.tools.StorageTool format \
        -t "$(tr -d - </proc/sys/kernel/random/uuid)" -c /tmp/kafka/format.properties \
        --add-scram "SCRAM-SHA-512=[name=administrator,password=$(cat /run/secrets/kafka_administrator)]" \
        >/tmp/kafka/arguments
    java @/tmp/kafka/arguments
    rm /tmp/kafka/arguments
    touch with-accounts
    mv log.new log
fi
if [ ! -e with-accounts ]; then
    echo "This volume is from before Kafka had accounts, and has no administrator: see docs/deployment.md, 'Upgrade'." >&2
    exit 1
fi
exec java -Xms128m -Xmx384m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -XX:TieredStopAtLevel=1 \
    -Djava.awt.headless=true -Djava.io.tmpdir=/tmp/kafka -Dlog4j2.configurationFile="$here/log4j2.properties" \
    -cp "$jars" kafka.Kafka "$here/server.properties"

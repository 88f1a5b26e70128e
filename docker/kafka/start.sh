#!/bin/sh
# The broker in its container, with the options of stack/kafka.py. Its folder is formatted once, aside, so that half a
# formatted one is none.
set -eu
here=$(dirname "$0")
jars="${KAFKA_JARS:-/opt/kafka/libs}/*"

cd /var/lib/kafka/data
mkdir -p /tmp/kafka
if [ ! -e log ]; then
    rm -rf log.new
    sed 's/^log\.dirs=.*/log.dirs=log.new/' "$here/server.properties" >/tmp/kafka/format.properties
    java -XX:TieredStopAtLevel=1 -cp "$jars" kafka.tools.StorageTool format \
        -t "$(tr -d - </proc/sys/kernel/random/uuid)" -c /tmp/kafka/format.properties
    mv log.new log
fi
exec java -Xms128m -Xmx384m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -XX:TieredStopAtLevel=1 \
    -Djava.awt.headless=true -Djava.io.tmpdir=/tmp/kafka -Dlog4j2.configurationFile="$here/log4j2.properties" \
    -cp "$jars" kafka.Kafka "$here/server.properties"

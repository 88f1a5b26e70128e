#!/usr/bin/env bash
# The demonstration: a clothing shop's three years until yesterday through Kafka, Spark, MongoDB and MySQL, a night, what
# to order, and a till that sells today. Each step is a command that you can type yourself. Run again, it adds nothing
# but what the till sells, and shows the answers.
set -euo pipefail
cd "$(dirname "$0")/.."
home=${TILLSTREAM_HOME:-.tillstream}
shop="$home/demo-shop"
export PATH="$PWD/.venv/bin:$PATH"

step() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }

step tillstream up
if [ ! -e "$shop/products.csv" ]; then
  rm -rf "$shop" "$shop.part" # of a demonstration that was cut off
  yesterday=$(TZ=Asia/Yangon date -d yesterday +%F)
  first=$(date -d "${yesterday%-*}-01 -36 months" +%Y-%m)
  history=(tillstream simulate shop --months 37 --seed 7 --start "$first" --until "$yesterday")
  printf '\n\033[1m$ %s --out %s\033[0m\n' "${history[*]}" "$shop"
  "${history[@]}" --out "$shop.part" | tail -n 1
  mv "$shop.part" "$shop"
fi
step tillstream products import "$shop/products.csv"
step tillstream import --wait "$shop/sales" "$shop/stock"
step tillstream nightly --forecast
step tillstream answers
step tillstream simulate till --rate 5 --count 30 # counted by the time of `verify`
step tillstream forecast
step tillstream plan --sheet "$home/orders"
step tillstream verify
port() { sed -n "s/^TILLSTREAM_$1_PORT=//p" "$home/tillstream.env"; }
cat <<EOF

Where to look:
  tillstream status                          what runs, and how fresh the figures are
  tillstream explain --month $(date -d "$(date +%Y-%m-01) -1 month" +%Y-%m)         last month down to its receipts
  $home/orders                               order sheets, a page to print per supplier
  http://127.0.0.1:$(port SUPERSET)                     the dashboards; owner, password in
                                             $home/secrets/superset_owner
  http://127.0.0.1:$(port AIRFLOW)                     Airflow: the night that has just run; admin, password in
                                             $home/secrets/airflow_admin
  tillstream simulate till --rate 5          a live till: watch the dashboard Today follow it
  tillstream down                            stops everything; the figures stay in $home
EOF

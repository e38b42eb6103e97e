# Sourced by `./run test` as root on Debian: installs what the whole suite needs and the machine lacks. No database
# cluster is created: the tests start a private one.

postgis_is_there() {
  local control
  for control in /usr/share/postgresql/*/extension/postgis.control; do
    [ -e "$control" ] && [ "$(cut -d/ -f5 <<<"$control")" -ge 15 ] && return
  done
  return 1
}

install_quietly() (
  export DEBIAN_FRONTEND=noninteractive
  no_cluster=/etc/postgresql-common/createcluster.d/wangge-tests.conf
  trap 'rm -f "$no_cluster"' EXIT
  mkdir -p "${no_cluster%/*}" && echo 'create_main_cluster = false' >"$no_cluster" &&
    apt-get install -y -q --no-install-recommends "$@" >/dev/null
)

install_missing() {
  local missing=() postgis
  command -v chromium >/dev/null 2>&1 || missing+=(chromium)
  [ -e /usr/share/doc/fonts-noto-cjk ] || missing+=(fonts-noto-cjk)
  postgis_is_there || missing+=(postgis)
  [ ${#missing[@]} -gt 0 ] || return 0
  say "the whole suite needs Debian packages this machine lacks; installing: ${missing[*]}"
  apt-get update -q >/dev/null || say "apt-get update failed"
  postgis=$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | cut -d' ' -f1 | sort -V | tail -n 1)
  install_quietly "${missing[@]/#postgis/${postgis:-postgis}}" ||
    say "apt-get install failed; the tests that need them end as NOT RUN"
}

install_missing

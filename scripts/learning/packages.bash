# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Programs that this machine need not have: fetched once, unpacked beside it into out/learning/root, and from there into a VM. Sourced
# by run, enforce and record, in the project's folder.
packages=(rsync logrotate redis-server apache2 unbound chrony exim4-daemon-light mariadb-server openssh-server)
packages+=(bison cpio curl dnsmasq-base gawk haproxy jq lighttpd lua5.4 memcached patch postgresql rsyslog universal-ctags xz-utils zip unzip)

# On this machine, with its package manager; nothing is installed.
fetch_packages() {
  local out=out/learning package
  mkdir -p "$out"
  [ "$(cat "$out/fetched" 2>/dev/null)" != "${packages[*]}" ] || return 0
  echo "learning: fetching ${packages[*]}" >&2
  mkdir -p "$out/packages/partial" "$out/root"
  apt-get install -d -y -qq --no-install-recommends -o "Dir::Cache::archives=$PWD/$out/packages" "${packages[@]}" >/dev/null
  for package in "$out"/packages/*.deb; do
    # What this machine has is not replaced under it.
    case ${package##*/} in perl* | libperl* | openssh-client* | libc6*) continue ;; esac
    dpkg -x "$package" "$out/root"
  done
  echo "${packages[*]}" >"$out/fetched"
}

# In the VM, whose files are thrown away.
unpack_packages() {
  [ ! -d out/learning/root ] || tar -C out/learning/root -cf - . | tar -C / -xf - --keep-directory-symlink
  ldconfig
}

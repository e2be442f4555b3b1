// SPDX-License-Identifier: GPL-2.0-only
/** The policies that come with callgate: they are read, and say what they should about what they were not learned from. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { testPolicies } from '../../src/application/tried.js';
import { compilePolicy } from '../../src/compile/compile.js';
import { decide } from '../../src/decide/decide.js';
import { patternText } from '../../src/decide/text.js';
import { readObject } from '../../src/events/object.js';
import type { AccessObject, Policy } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parseGroup, parsePolicy } from '../../src/policy/parse.js';
import type { Surroundings } from '../../src/policy/surroundings.js';

const FOLDER = fileURLToPath(new URL('../../../policies/', import.meta.url));
const UIDS: Readonly<Record<string, number>> = { root: 0, 'www-data': 33, nobody: 65534 };
const around: Surroundings = {
  variable: (name) => (name === 'HOST' ? 'here' : null),
  user: (name) => UIDS[name] ?? null,
  group: () => null,
  rules: (name) => ({ file: `${name}.yaml`, text: readFileSync(`${FOLDER}groups/${name}.yaml`, 'utf8') }),
};

function read(application: string, name: string): Policy {
  return parsePolicy(readFileSync(`${FOLDER}${application}/${name.replace(/\.yaml$/, '')}.yaml`, 'utf8'), name, around);
}

function verdict(policy: Policy, operation: Operation, object: string, uid: number): string {
  return decide(policy, { operations: [operation], object: readObject(object) as AccessObject, uid, gid: uid }).verdict;
}

/** Folders that hold policies. */
const APPLICATIONS = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'groups')
  .map(({ name }) => name)
  .filter((name) => readdirSync(`${FOLDER}${name}`).some((file) => file.endsWith('.yaml')));

t.test('each is read, compiles, and says that nothing was lost', async (t) => {
  for (const application of APPLICATIONS)
    for (const file of readdirSync(`${FOLDER}${application}`).filter((name) => name.endsWith('.yaml'))) {
      const text = readFileSync(`${FOLDER}${application}/${file}`, 'utf8');
      t.match(text, /nothing lost/, file);
      t.notMatch(text, /callgate-vm/, `${file} does not name the host that it was learned on`);
      const policy = parsePolicy(text, file, around);
      t.ok(compilePolicy(policy, { programs: [policy.program] }, 1n, new Uint8Array(32)).bytes.length > 0, file);
    }
});

t.test('what they permit, and its like that they refuse', async (t) => {
  const inetd = read('inetd', 'usr_sbin_inetd');
  const child = read('inetd', 'usr_sbin_nullidentd');
  const nginx = read('nginx', 'usr_sbin_nginx');
  const mariadb = read('mariadb', 'usr_sbin_mariadbd');
  const gpg = read('gpg', 'usr_bin_gpg');
  const cases: readonly (readonly [Policy, Operation, string, number, string])[] = [
    [inetd, 'read', '/etc/inetd.conf', 0, 'permit'],
    [inetd, 'read', '/etc/shadow', 0, 'deny'],
    [inetd, 'exec', '/usr/sbin/nullidentd', 65534, 'permit'],
    [inetd, 'exec', '/usr/bin/bash', 65534, 'deny'],
    [child, 'load', '/usr/lib/x86_64-linux-gnu/libc.so.6', 65534, 'permit'],
    [child, 'read', '/etc/inetd.conf', 65534, 'deny'],
    [child, 'exec', '/usr/bin/bash', 65534, 'deny'],
    [nginx, 'read', '/etc/nginx/nginx.conf', 0, 'permit'],
    [nginx, 'read', '/etc/nginx/nginx.conf', 33, 'deny'],
    [nginx, 'bind', 'tcp:0.0.0.0:80', 0, 'permit'],
    [nginx, 'bind', 'tcp:0.0.0.0:81', 0, 'deny'],
    [nginx, 'write', '/var/log/nginx/access.log', 33, 'permit'],
    [nginx, 'write', '/var/www/html/index.nginx-debian.html', 33, 'deny'],
    [nginx, 'exec', '/usr/bin/bash', 33, 'deny'],
    [mariadb, 'create', '/srv/mariadb/data/here.lower-test', 0, 'permit'],
    [mariadb, 'create', '/srv/mariadb/data/elsewhere.lower-test', 0, 'deny'],
    [gpg, 'create', '/srv/gpg/keys/.#lk0x00007f1122334455.here.812', 0, 'permit'],
    [gpg, 'create', '/srv/gpg/keys/.#lk0x00007f1122334455.elsewhere.812', 0, 'deny'],
  ];
  for (const [policy, operation, object, uid, wanted] of cases)
    t.equal(verdict(policy, operation, object, uid), wanted, `${policy.program}: ${operation} ${object} by ${uid}`);
});

t.test('each has its cases: what another week brings, and its like that is refused', async (t) => {
  for (const application of APPLICATIONS) {
    const { files, failed } = testPolicies(`${FOLDER}${application}`, '/', '/', around);
    const cases = files.flatMap((file) => file.cases);
    t.same([cases.filter(({ passed }) => !passed), failed], [[], 0], application);
    t.ok(cases.length >= 3, application);
  }
});

t.test('groups grant reading, and what is named here', async (t) => {
  const READING: readonly Operation[] = ['read', 'list', 'stat', 'load'];
  const more = readdirSync(`${FOLDER}groups`).flatMap((file) => {
    const name = file.replace(/\.yaml$/, '');
    const rules = parseGroup(name, readFileSync(`${FOLDER}groups/${file}`, 'utf8'), file, around);
    return rules.flatMap(({ verdict, operations, objects }) =>
      operations
        .filter((operation) => verdict !== 'permit' || !READING.includes(operation))
        .flatMap((operation) => objects.map((object) => `${name}: ${operation} ${patternText(object)}`)),
    );
  });
  t.same(more.sort(), [
    'libc: write /dev/full',
    'libc: write /dev/null',
    'libc: write /dev/zero',
    'names: connect tcp:*:53',
    'names: connect udp:*:53',
    'names: connect unix:/run/avahi-daemon/socket',
    'names: connect unix:/run/nscd/socket',
    'names: connect unix:/run/nslcd/socket',
    'names: connect unix:/run/samba/winbindd/pipe',
    'names: connect unix:/run/systemd/resolve/io.systemd.Resolve',
    'names: connect unix:/run/systemd/userdb/*',
    'names: connect unix:/var/lib/sss/pipes/nss',
    'names: send udp:*:53',
    'names: socket netlink:route',
  ]);
});

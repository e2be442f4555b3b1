// SPDX-License-Identifier: GPL-2.0-only
/** The programs that are measured, and what they are given to do. All of it stands below one folder. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { programOf } from './sessions.js';

/** A command that ends by itself. */
export interface Job {
  readonly kind: 'job';
  readonly name: string;
  readonly words: readonly string[];
  /** Units of work that one run does. */
  readonly units: number;
}

/** A server, asked by bench/client.c. */
export interface Served {
  readonly kind: 'server';
  readonly name: string;
  readonly words: readonly string[];
  readonly port: number;
  readonly requests: readonly { readonly name: string; readonly how: 'each' | 'once'; readonly text: string }[];
}

export type Workload = Job | Served;

const FILES = 20_000;
const FOLDERS = 100;
const INSERTS = 200;
const SOURCES = 300;
const EXECS = 200;
/** Requests that one measurement makes. */
export const REQUESTS = 200;

/** Makes what the programs read. */
export function arrange(work: string): readonly Workload[] {
  mkdirSync(work, { recursive: true });
  const shell = (text: string): void =>
    void execFileSync('sh', ['-ec', text], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
  const each = FILES / FOLDERS;
  shell(`mkdir tree; for d in $(seq ${FOLDERS}); do mkdir tree/$d; (cd tree/$d && seq ${each} | xargs touch); done`);
  const inserts = Array.from({ length: INSERTS }, (_, at) => `insert into t values (${at}, 'text ${at}');\n`).join('');
  writeFileSync(`${work}/inserts.sql`, `create table if not exists t (a integer, b text);\ndelete from t;\n${inserts}`);
  mkdirSync(`${work}/repository`);
  for (let at = 0; at < SOURCES; at++)
    writeFileSync(`${work}/repository/source${at}.c`, `int f${at}(void) { return ${at}; }\n`);
  shell(
    'cd repository; git init -q; git config user.name bench; git config user.email bench@localhost; git add .; git commit -qm one; sleep 1; git status',
  );
  writeFileSync(`${work}/hello.c`, '#include <stdio.h>\nint main(void) { return printf("hello\\n") < 0; }\n');
  // Beside the rest: on the guest's own root, which is an overlay, each open is two.
  copyFileSync(programOf('true'), `${work}/true`);
  writeFileSync(`${work}/storm.sh`, `i=0; while [ $i -lt ${EXECS} ]; do ${work}/true; i=$((i+1)); done\n`);
  mkdirSync(`${work}/site/logs`, { recursive: true });
  writeFileSync(`${work}/site/index.html`, 'hello\n');
  writeFileSync(
    `${work}/nginx.conf`,
    `daemon off; master_process off; pid ${work}/site/nginx.pid; error_log ${work}/site/logs/error.log; events {}\n` +
      `http { access_log off; client_body_temp_path ${work}/site/body; proxy_temp_path ${work}/site/proxy;\n` +
      `fastcgi_temp_path ${work}/site/fastcgi; uwsgi_temp_path ${work}/site/uwsgi; scgi_temp_path ${work}/site/scgi;\n` +
      `server { listen 127.0.0.1:8080; root ${work}/site; } }\n`,
  );
  const redis = ['--port', '6390', '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', work];
  return [
    { kind: 'job', name: 'fork+exec, a storm', words: ['/bin/sh', `${work}/storm.sh`], units: EXECS },
    {
      kind: 'job',
      name: 'find, a file',
      words: ['/usr/bin/find', `${work}/tree`, '-newer', `${work}/hello.c`],
      units: FILES,
    },
    {
      kind: 'job',
      name: 'sqlite, an insert',
      words: ['/usr/bin/sqlite3', `${work}/test.db`, `.read ${work}/inserts.sql`],
      units: INSERTS,
    },
    { kind: 'job', name: 'git status', words: ['/usr/bin/git', '-C', `${work}/repository`, 'status'], units: 1 },
    {
      kind: 'job',
      name: 'gcc, a compile',
      // -pipe: what cc1 writes without it has another random name each time, of which nothing general is learned.
      words: ['/usr/bin/gcc', '-O1', '-pipe', '-c', '-o', `${work}/hello.o`, `${work}/hello.c`],
      units: 1,
    },
    {
      ...{ kind: 'server', name: 'nginx', words: ['/usr/sbin/nginx', '-c', `${work}/nginx.conf`], port: 8080 },
      requests: [{ name: 'nginx, a small file', how: 'each', text: 'GET /index.html HTTP/1.0\\r\\n\\r\\n' }],
    },
    {
      ...{ kind: 'server', name: 'redis', words: ['/usr/bin/redis-server', ...redis], port: 6390 },
      requests: [
        { name: 'redis, SET', how: 'once', text: 'SET key value\\r\\n' },
        { name: 'redis, GET', how: 'once', text: 'GET key\\r\\n' },
      ],
    },
  ];
}

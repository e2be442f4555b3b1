// SPDX-License-Identifier: GPL-2.0-only
/** What a program usually does in a folder that its package brings, by where it stands (FHS 3.0). */
import type { Sensitive } from '../learn/sensitive.js';
import { readText } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { PathPattern } from '../policy/model.js';
import { parsePath } from '../policy/path.js';
import type { Statement } from '../policy/statement.js';
import type { Owned, Package } from './packages.js';

/** What is documentation, or is read by others than the program. */
const OTHERS =
  /^\/usr\/share\/(?:doc|doc-base|man|info|lintian|bug|bash-completion|zsh|fish|applications|icons|pixmaps|menu|reportbug|locale)(?:\/|$)|^\/usr\/(?:s?bin|lib\/systemd|lib\/tmpfiles\.d|lib\/sysusers\.d)(?:\/|$)|^\/usr\/include|^\/usr\/src/;

/** Configuration of a package that other programs read: those that start it, rotate its logs, confine it. */
const OTHERS_CONFIGURATION =
  /^\/etc\/(?:init\.d|init|default|logrotate\.d|cron\.[a-z]+|ufw|apparmor\.d|bash_completion\.d|profile\.d|systemd|rc[0-6S]\.d|rsyslog\.d|sysctl\.d|dbus-1|pam\.d|xdg|apport)(?:\/|$)/;

interface Use {
  readonly where: RegExp;
  readonly operations: Statement['operations'];
  readonly text: string;
  /** What is in it need not come from the package, and may be anybody's secret. */
  readonly kept: boolean;
}

const USES: readonly Use[] = [
  {
    where: /^\/etc\//,
    operations: ['list'],
    text: 'which names are there; files that are added must be named to be read',
    kept: false,
  },
  { where: /^\/usr\/(?:share|lib|libexec)\//, operations: ['read', 'list'], text: 'what does not change', kept: false },
  {
    where: /^\/var\/(?:lib|log|cache|spool|www|mail|games)\//,
    operations: ['read', 'list', 'write', 'create', 'delete'],
    text: 'what a program keeps; take out what it only reads',
    kept: true,
  },
];

/** Does the program itself read such a file of configuration, and not another? */
export function isOwnConfiguration(path: string): boolean {
  return !OTHERS_CONFIGURATION.test(path);
}

/**
 * Statements about a package's folders; `left` says which were left out, as something in them no pattern may reach.
 *
 * @param sensitive what stands first is denied: keys and their like in such a folder
 */
export function folderStatements(owner: Package, sensitive: Sensitive): { statements: Statement[]; left: string[] } {
  const left: string[] = [];
  const statements = USES.flatMap(({ where, operations, text, kept }): Statement[] => {
    const found = owner.folders
      .filter(({ path }) => where.test(path) && !OTHERS.test(path) && isOwnConfiguration(path))
      .map((folder) => ({ folder, pattern: parsePath(`${literal(folder.path)}/***`, () => null) }));
    const admitted = found.filter(({ pattern }) => operations.length === 1 || sensitive.admits(pattern));
    left.push(...found.filter((one) => !admitted.includes(one)).map(({ pattern }) => pattern.text));
    if (admitted.length === 0) return [];
    const of = [...new Set(admitted.map(({ folder }) => folder.package))].join(', ');
    return [
      ...(kept
        ? guards(
            admitted.map(({ pattern }) => pattern),
            operations,
            sensitive,
          )
        : []),
      {
        ...{ verdict: 'permit', operations, key: 'path', objects: admitted.map(({ pattern }) => pattern.text) },
        comment: [`folders of the package ${of} alone (dpkg -L): ${text}`],
      },
      ...plugins(admitted.map(({ folder }) => folder)),
    ];
  });
  return { statements, left };
}

function guards(
  patterns: readonly PathPattern[],
  operations: Statement['operations'],
  sensitive: Sensitive,
): Statement[] {
  const objects = sensitive.guards(patterns);
  if (objects.length === 0) return [];
  const comment = ['names that look like keys, in the folders of the next statement (policies/sensitive.txt)'];
  const denied = operations.filter((operation) => operation !== 'list');
  return [{ verdict: 'deny', operations: denied, key: 'path', objects, comment }];
}

function plugins(folders: readonly Owned[]): Statement[] {
  const objects = folders.filter(({ code }) => code === true).map(({ path }) => `${literal(path)}/**/*.so`);
  if (objects.length === 0) return [];
  return [
    {
      verdict: 'permit',
      operations: ['load'],
      key: 'path',
      objects,
      comment: ['libraries in these folders (dpkg -L): plug-ins'],
    },
  ];
}

/** A path as a pattern that matches it alone. */
export function literal(path: string): string {
  return literalText(readText(path));
}

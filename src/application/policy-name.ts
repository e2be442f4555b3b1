/** File names of policies: `/usr/sbin/inetd` has `usr_sbin_inetd.yaml`. */
import { NAME_BYTES_MAX } from '../policy/path.js';

/**
 * The file for a program that has none in its folder.
 *
 * @param taken names of files that are others'
 */
export function policyFileName(program: string, taken: readonly string[]): string {
  const stem = program
    .slice(1)
    .replaceAll('/', '_')
    .replace(/[^A-Za-z0-9._+@-]/g, '_')
    .replace(/^\.+/, '')
    .slice(0, NAME_BYTES_MAX - '.9999.yaml'.length);
  const name = stem === '' ? 'program' : stem;
  for (let number = 1; ; number++) {
    const file = number === 1 ? `${name}.yaml` : `${name}.${number}.yaml`;
    if (!taken.includes(file)) return file;
  }
}

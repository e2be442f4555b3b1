// SPDX-License-Identifier: GPL-2.0-only
/** How systrace named files of policies. */

/** `/usr/sbin/named` has `usr_sbin_named`: what is no letter and no digit becomes `_`, and none stands at the beginning. */
export function classicFileName(program: string): string {
  return program.replace(/[^A-Za-z0-9]/g, '_').replace(/^_+/, '');
}

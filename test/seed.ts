// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where random tests begin. CALLGATE_SEED sets it, so that a change is judged on the same inputs as the one before; without it
 * every run is another. fast-check prints the seed of what fails.
 */
import fc from 'fast-check';

const seed = process.env.CALLGATE_SEED;
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });

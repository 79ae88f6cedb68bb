/**
 * How long to wait before connecting again: full jitter, so that clients cut off together don't
 * return together.
 */

const BASE_MILLISECONDS = 500;
const LONGEST_MILLISECONDS = 30_000;

/** Milliseconds before the attempt after `failures` failed ones; `random` is in [0, 1). */
export function backoffDelay(failures: number, random: number): number {
  return random * Math.min(LONGEST_MILLISECONDS, BASE_MILLISECONDS * 2 ** failures);
}

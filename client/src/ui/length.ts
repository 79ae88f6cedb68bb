/** How long a log may become before its beginning is let go of. It can be loaded again. */

/** So many of the latest messages stay. */
export const KEPT = 1_000;
const MOST_AT_END = 1_200;
const MOST_UNREAD = 4_000;

/**
 * At the end nothing of it is seen. A reader of older messages isn't disturbed, unless so much has
 * come since that hardly anybody can be reading.
 */
export function isTooLong(count: number, atEnd: boolean, unread: number): boolean {
  return atEnd ? count > MOST_AT_END : unread > MOST_UNREAD;
}

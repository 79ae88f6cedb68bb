/**
 * Why a room or a connection is over for good: one has left the room, it was closed, or the session
 * has ended.
 */
export type EndReason = "left" | "closed" | "ended";

/** Close codes after which no other connection is made. */
export const END_CODES: ReadonlyMap<number, EndReason> = new Map([
  [4001, "left"],
  [4003, "ended"],
  [4004, "closed"],
]);

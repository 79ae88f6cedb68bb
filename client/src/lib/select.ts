/** Names for single frames of the unions in `frames.ts`. */
import type { ClientFrame, ServerFrame } from "./frames.js";

export type ServerFrameOf<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

export type Welcome = ServerFrameOf<"welcome">;
export type Snapshot = ServerFrameOf<"snapshot">;

/** An entry of a room's log: what it does is in `events/`. */
export type RoomEvent = Extract<ServerFrame, { room: number; seq: number; timestamp: string }>;

/** A frame about the person and a room, followed or not: see `memberships.ts`. */
export type MembershipFrame = ServerFrameOf<"membership" | "head">;

/** A frame about a room that is followed, or that the person has left. */
export type RoomFrame = Exclude<Extract<ServerFrame, { room: number }>, { type: "ack" } | MembershipFrame>;

/** A request that is answered by one's membership, before it has its `ref`. */
export type MembershipRequest = Extract<ClientFrame, { type: "read" | "unread" | "level" | "refresh" }>;

/** A request that is answered, before it has its `ref`. */
export type Request =
  MembershipRequest | Extract<ClientFrame, { type: "subscribe" | "unsubscribe" | "send" | "edit" | "delete" }>;

/** A newer server's frames about a room may be no events. */
export function isEvent(frame: RoomFrame): frame is RoomEvent {
  return "seq" in frame && typeof frame.seq === "number" && "timestamp" in frame && frame.type !== "snapshot";
}

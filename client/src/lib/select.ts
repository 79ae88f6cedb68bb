/** Names for single frames of the unions in `frames.ts`. */
import type { ClientFrame, ServerFrame } from "./frames.js";

export type ServerFrameOf<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

export type Welcome = ServerFrameOf<"welcome">;
export type Snapshot = ServerFrameOf<"snapshot">;

/** An entry of a room's log: what it does is in `events/`. */
export type RoomEvent = Extract<ServerFrame, { room: number; seq: number; timestamp: string }>;

/** A frame about one room. */
export type RoomFrame = Exclude<Extract<ServerFrame, { room: number }>, { type: "ack" }>;

/** A request that is answered, before it has its `ref`. */
export type Request = Extract<ClientFrame, { type: "subscribe" | "unsubscribe" | "send" | "edit" | "delete" }>;

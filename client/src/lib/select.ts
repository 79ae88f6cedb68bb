/** Names for single frames of the unions in `frames.ts`. */
import type { ClientFrame, ServerFrame } from "./frames.js";

export type ServerFrameOf<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

export type Welcome = ServerFrameOf<"welcome">;
export type Snapshot = ServerFrameOf<"snapshot">;

/** An entry of a room's log. */
export type RoomEvent = ServerFrameOf<"message" | "edited" | "deleted" | "room">;

/** A frame about one room. */
export type RoomFrame = RoomEvent | ServerFrameOf<"snapshot" | "subscribed" | "reset" | "presence" | "typing" | "left">;

/** A request that is answered, before it has its `ref`. */
export type Request = Extract<ClientFrame, { type: "subscribe" | "unsubscribe" | "send" | "edit" | "delete" }>;

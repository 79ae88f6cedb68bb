/** Names for single frames of the unions in `frames.ts`. */
import type { ClientFrame, Message, ServerFrame } from "./frames";

export type ServerFrameOf<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

export type Welcome = ServerFrameOf<"welcome">;
export type Snapshot = ServerFrameOf<"snapshot">;

/** A message with the id that its sender gave it, where that is known. */
export type LoggedMessage = Message & { client_id?: string };

/** An entry of a room's log. */
export type RoomEvent = ServerFrameOf<"message" | "edited" | "deleted" | "room">;

/** A frame about one room. */
export type RoomFrame = RoomEvent | ServerFrameOf<"snapshot" | "subscribed" | "reset" | "presence" | "typing" | "left">;

/** A request that is answered, before it has its `ref`. */
export type Request = Extract<ClientFrame, { type: "subscribe" | "unsubscribe" | "send" | "edit" | "delete" }>;

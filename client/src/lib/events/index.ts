/** The kinds of events that this client knows, by the type of their frame. */
import type { RoomEvent, ServerFrameOf } from "../select.js";
import { deleted } from "./deleted.js";
import { edited } from "./edited.js";
import { entered } from "./entered.js";
import type { EventKind } from "./kind.js";
import { posted } from "./posted.js";
import { reacted } from "./reacted.js";
import { roomChanged } from "./room-changed.js";

export type { EventRoom } from "./kind.js";

const KINDS: { [Type in RoomEvent["type"]]: EventKind<ServerFrameOf<Type>> } = {
  message: posted,
  edited,
  deleted,
  reacted,
  room: roomChanged,
  entered,
};

const UNKNOWN: EventKind<RoomEvent> = {};

/**
 * What an event does. One of a newer server's kinds takes its place in the log and does nothing.
 */
export function kindOf(event: RoomEvent): EventKind<RoomEvent> {
  return Object.hasOwn(KINDS, event.type) ? KINDS[event.type] : UNKNOWN;
}

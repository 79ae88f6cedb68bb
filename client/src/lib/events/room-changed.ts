/** The room has another name or description, or was opened or closed. */
import type { ServerFrameOf } from "../select.js";
import type { EventKind } from "./kind.js";

export const roomChanged: EventKind<ServerFrameOf<"room">> = {
  follow({ name, description, active }, room) {
    room.renamed(name, description);
    if (!active) room.closed();
  },
};

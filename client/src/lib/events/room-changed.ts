/** The room has another name, description, kind or state. In an archived room people read on. */
import type { ServerFrameOf } from "../select.js";
import type { EventKind } from "./kind.js";

export const roomChanged: EventKind<ServerFrameOf<"room">> = {
  follow({ name, description }, room) {
    room.renamed(name, description);
  },
};

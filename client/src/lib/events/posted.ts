/** A message was posted. It may have been deleted since. */
import type { ServerFrameOf } from "../select.js";
import type { EventKind } from "./kind.js";

export const posted: EventKind<ServerFrameOf<"message">> = {
  post({ type, room, deleted, ...message }) {
    return deleted === true ? undefined : message;
  },
  follow({ sender, client_id }, room) {
    room.stoppedTyping(sender);
    room.arrived(sender, client_id);
  },
};

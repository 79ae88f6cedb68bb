/** A message has a new text. It may have been deleted since. */
import type { ServerFrameOf } from "../select.js";
import type { EventKind } from "./kind.js";

export const edited: EventKind<ServerFrameOf<"edited">> = {
  change(target, { message, timestamp, damaged, deleted }) {
    return deleted === true ? undefined : { ...target, message, edited: timestamp, damaged };
  },
  follow({ target }, room) {
    const sender = room.message(target)?.sender;
    if (sender !== undefined) room.stoppedTyping(sender);
  },
};

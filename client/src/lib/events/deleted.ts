/** A message was deleted. */
import type { ServerFrameOf } from "../select.js";
import type { EventKind } from "./kind.js";

export const deleted: EventKind<ServerFrameOf<"deleted">> = {
  change: () => undefined,
};

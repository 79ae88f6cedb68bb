/** An administrator has added themselves to the room. No screen shows it yet. */
import type { ServerFrameOf } from "../select.js";
import type { EventKind } from "./kind.js";

export const entered: EventKind<ServerFrameOf<"entered">> = {};

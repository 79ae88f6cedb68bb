/** Somebody reacted to a message, or took that back. No screen shows it yet. */
import type { ServerFrameOf } from "../select.js";
import type { EventKind } from "./kind.js";

export const reacted: EventKind<ServerFrameOf<"reacted">> = {};

/** Alt with the arrows goes to the room above or below, with Shift to the next one with news; Ctrl K asks for any. */
import type { Membership } from "../lib";
import type { Shell } from "./shell.svelte";

/** The room to which a key leads, if it leads to one. */
export function changeRoom(event: KeyboardEvent, shell: Shell): number | undefined {
  const { key, altKey, shiftKey, ctrlKey, metaKey } = event;
  if (!altKey || ctrlKey || metaKey || (key !== "ArrowUp" && key !== "ArrowDown")) return undefined;
  // A dialog keeps the focus.
  if (document.querySelector("dialog[open]") !== null) return undefined;
  event.preventDefault();
  const wanted = shiftKey ? (room: Membership): boolean => shell.newsIn(room) > 0 : (): boolean => true;
  return nextRoom(shell.rooms, shell.screen.room.id, key === "ArrowUp" ? -1 : 1, wanted);
}

/** Ctrl K, or ⌘ K. */
export function asksForSwitcher(event: KeyboardEvent): boolean {
  const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
  if (key.toLowerCase() !== "k" || ctrlKey === metaKey || shiftKey || altKey) return false;
  if (document.querySelector("dialog[open]") !== null) return false;
  event.preventDefault();
  return true;
}

/** The next room up or down that is wanted; after the last comes the first. */
export function nextRoom(
  rooms: readonly Membership[],
  from: number,
  by: 1 | -1,
  wanted: (room: Membership) => boolean,
): number | undefined {
  const start = rooms.findIndex(({ room }) => room === from);
  const first = start === -1 ? (by === 1 ? -1 : 0) : start;
  for (let step = 1; step <= rooms.length; step += 1) {
    const next = rooms[(((first + by * step) % rooms.length) + rooms.length) % rooms.length];
    if (next !== undefined && next.room !== from && wanted(next)) return next.room;
  }
  return undefined;
}

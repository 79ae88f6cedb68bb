/** What the server wrote into the page: the language, who one is, how long a message may be, and the room as it was then. */
import type { Snapshot } from "../lib";

export interface Boot {
  language: string;
  sender: string;
  message_characters: number;
  snapshot: Snapshot;
}

export function readBoot(): Boot {
  const element = document.getElementById("boot");
  if (element?.textContent == null) throw new Error("the page has no #boot data");
  return JSON.parse(element.textContent) as Boot;
}

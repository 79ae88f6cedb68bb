/**
 * What the server wrote into the page: the language, who one is, with or without an account, how
 * long a message may be, its own address, and the room as it was then.
 */
import type { Snapshot } from "../lib";

export interface Boot {
  language: string;
  sender: string;
  has_account?: boolean;
  message_characters: number;
  /**
   * Where the server takes sockets from, if that is configured: the page's own address, if all is
   * set up well.
   */
  origin?: string | null;
  snapshot: Snapshot;
}

export function readBoot(): Boot {
  const element = document.getElementById("boot");
  if (element?.textContent == null) throw new Error("the page has no #boot data");
  return JSON.parse(element.textContent) as Boot;
}

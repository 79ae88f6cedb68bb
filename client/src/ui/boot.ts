/**
 * What the server wrote into the page: the language, who one is, with or without an account, how
 * long a message may be, its own address, one's rooms, and the room that was asked for as it was
 * then.
 */
import type { Membership, Snapshot } from "../lib";

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
  rooms?: Membership[];
  snapshot: Snapshot;
}

export function readBoot(): Boot {
  const element = document.getElementById("boot");
  if (element?.textContent == null) throw new Error("the page has no #boot data");
  return JSON.parse(element.textContent) as Boot;
}

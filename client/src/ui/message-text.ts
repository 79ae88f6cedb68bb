/** Splits a message's text into plain pieces and links, and recognises messages that are nothing but an emoji. */

export interface Piece {
  text: string;
  /** Set when the piece is a link. */
  href?: string;
}

const LINK = /\bhttps?:\/\/[^\s<>"'`]+/giu;
const TRAILING_PUNCTUATION = ".,;:!?…*_~";
const BRACKETS: ReadonlyMap<string, string> = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);
const EMOJI = /^(?:\p{RGI_Emoji}|\s){1,12}$/v;
const MOST_EMOJI = 3;

export function splitLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = trimLink(match[0]);
    const href = webAddress(link);
    if (href === undefined) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: link, href });
    end = match.index + link.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** One to three emoji and nothing else. */
export function isOnlyEmoji(text: string): boolean {
  if (text.length > 60 || !EMOJI.test(text)) return false;
  const count = [...new Intl.Segmenter().segment(text.replace(/\s/gu, ""))].length;
  return count >= 1 && count <= MOST_EMOJI;
}

/** Punctuation and a closing bracket that the sentence around the link needs aren't part of it. */
function trimLink(link: string): string {
  let end = link.length;
  while (end > 0 && isOutside(link, end)) end -= 1;
  return link.slice(0, end);
}

/** Whether the last character of the first `end` is punctuation, or closes a bracket that the link doesn't open. */
function isOutside(link: string, end: number): boolean {
  const last = link.charAt(end - 1);
  const opening = BRACKETS.get(last);
  if (opening === undefined) return TRAILING_PUNCTUATION.includes(last);
  return !link.slice(0, end).includes(opening);
}

function webAddress(link: string): string | undefined {
  try {
    const url = new URL(link);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

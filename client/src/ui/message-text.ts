/** Splits a message's text into plain pieces and links, and recognises messages that are nothing but an emoji. */

export interface Piece {
  text: string;
  /** Set when the piece is a link. */
  href?: string;
}

const LINK = /\bhttps?:\/\/[^\s<>"'`]+/giu;
const TRAILING_PUNCTUATION = /[.,;:!?…*_~]+$/u;
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
  return [...new Intl.Segmenter().segment(text.replace(/\s/gu, ""))].length <= MOST_EMOJI;
}

/** Punctuation and a closing bracket that the sentence around the link needs aren't part of it. */
function trimLink(link: string): string {
  let trimmed = link.replace(TRAILING_PUNCTUATION, "");
  for (const [open, close] of ["()", "[]", "{}"]) {
    while (open && close && trimmed.endsWith(close) && count(trimmed, close) > count(trimmed, open)) {
      trimmed = trimmed.slice(0, -1).replace(TRAILING_PUNCTUATION, "");
    }
  }
  return trimmed;
}

function webAddress(link: string): string | undefined {
  try {
    const url = new URL(link);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/**
 * Finds the web addresses in a text, where each ends, and how it is shown: what a link shows is
 * what it opens.
 */

export interface Link {
  /** Where it stands in the text. */
  index: number;
  length: number;
  shown: string;
  href: string;
}

/**
 * Of ASCII all but quotes and angle brackets; beyond it letters, marks and figures, and the
 * punctuation that stands inside words. Other punctuation ends an address, which has no space after
 * it in Chinese, say; so do emoji, and characters that nobody sees.
 */
const LINK =
  /\b[Hh][Tt][Tt][Pp][Ss]?:\/\/(?:[!#-&(-;=?-_a-~·–]|[^\0-\x7F＜＞\p{P}\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Extended_Pictographic}\u2800])+/gu;
const TRAILING_PUNCTUATION = ".,;:!?*_~·–";
const BRACKETS: ReadonlyMap<string, string> = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);
const AUTHORITY = /^\w+:\/+([^/?#\\]*)(.?)/u;

/**
 * Hosts in letters that can't be taken for others: the Latin ones of the west, or one script in all
 * parts. Whatever else isn't ASCII is shown as it is asked for: `xn--…`.
 */
const CLEAR_HOST = new RegExp(
  [
    "a-zà-ïñ-öø-ýÿ",
    "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー",
    ...["Hangul", "Cyrillic", "Greek", "Thai", "Devanagari"].map((script) => `\\p{Script=${script}}\\p{M}`),
  ]
    .map((letters) => `^[${letters}\\d.:\\-]+$`)
    .join("|"),
  "u",
);
const ASCII = /^[\0-\x7F]*$/u;
const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/gu;
const READABLE = /^(?![\0-\x7F\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]$/u;
const MARK = /^(?!\p{Default_Ignorable_Code_Point})\p{M}$/u;
const BEARS_MARKS = /[\p{L}\p{N}\p{M}]$/u;

export function findLinks(text: string): Link[] {
  const links: Link[] = [];
  for (const match of text.matchAll(LINK)) {
    const typed = trim(match[0]);
    const url = parse(typed);
    if (url === undefined) continue;
    links.push({ index: match.index, length: typed.length, shown: show(url, typed), href: url.href });
  }
  return links;
}

/**
 * Cuts off what the sentence around the link needs: punctuation, and brackets that the link doesn't
 * open.
 */
function trim(link: string): string {
  const unopened = new Map<string, number>();
  for (const [closing, opening] of BRACKETS) unopened.set(closing, count(link, closing) - count(link, opening));
  let end = link.length;
  for (; end > 0; end -= 1) {
    const last = link.charAt(end - 1);
    const left = unopened.get(last);
    if (left === undefined ? !TRAILING_PUNCTUATION.includes(last) : left <= 0) break;
    if (left !== undefined) unopened.set(last, left - 1);
  }
  return link.slice(0, end);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** What stands before an `@` may look like another host: such an address stays text. */
function parse(link: string): URL | undefined {
  try {
    const url = new URL(link);
    return url.username === "" && url.password === "" ? url : undefined;
  } catch {
    return undefined;
  }
}

function show(url: URL, typed: string): string {
  const [, authority = "", next = ""] = AUTHORITY.exec(typed) ?? [];
  const rest = url.pathname + url.search + url.hash;
  return `${url.protocol}//${showHost(url, authority)}${next === "" && rest === "/" ? "" : unescape(rest)}`;
}

function showHost(url: URL, authority: string): string {
  const host = authority.normalize("NFC").toLowerCase();
  if (ASCII.test(host)) return url.host;
  return CLEAR_HOST.test(host) && parse(`${url.protocol}//${host}`)?.host === url.host ? host : url.host;
}

/**
 * `%C3%B4` becomes `ô`. What is ASCII, invisible, or would change what stands before it stays as it
 * is.
 */
function unescape(path: string): string {
  return path.replace(ESCAPES, (escapes, index: number) => {
    let characters: string;
    try {
      characters = decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
    let shown = path.charAt(index - 1);
    for (const character of characters) {
      const readable = READABLE.test(character) || (MARK.test(character) && BEARS_MARKS.test(shown));
      shown += readable ? character : escape(character);
    }
    return shown.slice(index > 0 ? 1 : 0);
  });
}

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? `%${code.toString(16).toUpperCase().padStart(2, "0")}` : encodeURIComponent(character);
}

/**
 * Names aren't unique, and some are made to be mistaken for another. Senders whose names look alike
 * are told apart by the beginning of their sender id.
 */
import type { Mark } from "../lib";
import { firstCharacter } from "./characters";

/** Somebody as names are shown. */
export interface NamedPerson {
  sender: string;
  username: string;
  mark?: Mark | undefined;
}

export const HUES = 16;
const SUFFIX_LENGTH = 4;

/**
 * Characters that look like Latin ones, after lower-casing: Cyrillic, Greek, digits and a few
 * letters.
 */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: "аα@4",
    b: "ьβ8",
    c: "сϲ",
    d: "ԁ",
    e: "еε3",
    g: "ɡ9",
    h: "һ",
    k: "кκ",
    l: "iіι1|!ıӏ",
    m: "м",
    n: "η",
    o: "оο0ѳøօ",
    p: "рρ",
    q: "ԛ",
    s: "ѕ5$",
    t: "тτ7",
    u: "υս",
    v: "ѵν",
    w: "ԝω",
    x: "хχ",
    y: "уγ",
    z: "2",
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);

/**
 * What remains of a name when everything that the eye passes over is taken away: equal for names
 * that look alike.
 */
export function skeleton(name: string): string {
  const folded = name.normalize("NFKC").toLowerCase().normalize("NFKD");
  const visible = folded.replace(/[\p{M}\p{Default_Ignorable_Code_Point}\p{P}\s]/gu, (character) =>
    LOOK_ALIKES.has(character) ? character : "",
  );
  return Array.from(visible, (character) => LOOK_ALIKES.get(character) ?? character)
    .join("")
    .replaceAll("rn", "m");
}

/**
 * The suffix of each guest whose name looks like another sender's. Somebody with an account has a
 * mark instead.
 */
export function tellApart(people: Iterable<NamedPerson>): ReadonlyMap<string, string> {
  const sendersBySkeleton = new Map<string, Set<string>>();
  const marked = new Set<string>();
  for (const { sender, username, mark } of people) {
    if (mark !== undefined) marked.add(sender);
    const key = skeletonOf(username);
    sendersBySkeleton.set(key, (sendersBySkeleton.get(key) ?? new Set()).add(sender));
  }
  const suffixes = new Map<string, string>();
  for (const senders of sendersBySkeleton.values()) {
    if (senders.size < 2) continue;
    for (const sender of senders) if (!marked.has(sender)) suffixes.set(sender, sender.slice(0, SUFFIX_LENGTH));
  }
  return suffixes;
}

/** One of `HUES` colours, always the same for a sender. */
export function hueOf(sender: string): number {
  let hash = 0;
  for (let index = 0; index < sender.length; index += 1) hash = (hash * 31 + sender.charCodeAt(index)) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u);
  const first = firstCharacter(words[0] ?? "");
  const last = words.length > 1 ? firstCharacter(words.at(-1) ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

/** So many names are remembered before all are forgotten: a page may stay open for months. */
const MOST_SKELETONS = 5_000;
const skeletons = new Map<string, string>();

function skeletonOf(name: string): string {
  let known = skeletons.get(name);
  if (known === undefined) {
    if (skeletons.size >= MOST_SKELETONS) skeletons.clear();
    skeletons.set(name, (known = skeleton(name)));
  }
  return known;
}

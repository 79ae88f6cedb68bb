/**
 * What people take for one character, in regular expressions that all our browsers know:
 * `Intl.Segmenter` and the flag `v` are newer than some.
 */

/**
 * An emoji or one of those that are joined to one: with a colour of skin, a flag's letters, a
 * keycap.
 */
const PART = [
  "\\p{Regional_Indicator}{2}",
  "[0-9#*]\\uFE0F?\\u20E3",
  "(?![0-9#*\\p{Regional_Indicator}])(?:\\p{Emoji_Modifier_Base}\\uFE0F?\\p{Emoji_Modifier}|\\p{Emoji}\\uFE0F|\\p{Emoji_Presentation}(?!\\uFE0E))[\\u{E0020}-\\u{E007F}]*",
].join("|");
const JOINED = `(?:${PART})(?:\\u200D(?:${PART}))*`;

/** Each emoji, however many characters it is made of. */
export const EMOJI = new RegExp(JOINED, "gu");
const FIRST = new RegExp(`^(?:${JOINED}|\\P{M}\\p{M}*)`, "u");

export function firstCharacter(text: string): string {
  return FIRST.exec(text)?.[0] ?? "";
}

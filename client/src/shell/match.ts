/** Which rooms fit what somebody types: by words, parts of them or letters, without regard to accents. */

/** As letters are compared. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** How well a name fits, the more the better; undefined if it doesn't. Both are folded. */
export function fit(name: string, typed: string): number | undefined {
  const words = typed.split(/\s+/u).filter((word) => word !== "");
  let sum = 0;
  for (const word of words) {
    const score = fitWord(name, word);
    if (score === undefined) return undefined;
    sum += score;
  }
  return sum;
}

function fitWord(name: string, word: string): number | undefined {
  const at = name.indexOf(word);
  if (at === 0) return 4;
  if (at > 0) return isWordStart(name, at) || name.includes(` ${word}`) ? 3 : 2;
  return hasLetters(name, word) ? 1 : undefined;
}

function isWordStart(name: string, at: number): boolean {
  return !/[\p{L}\p{N}]/u.test(name.charAt(at - 1));
}

/** Whether the letters stand in the name in this order. */
function hasLetters(name: string, letters: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

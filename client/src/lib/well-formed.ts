/**
 * Half a surrogate pair can't be written in UTF-8, and becomes U+FFFD. (`toWellFormed` is newer
 * than our browsers.)
 */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** The reader's own form of a language, as `en-GB`: it decides about the clock. */
export function readerLocale(language: string): string {
  const own = globalThis.navigator?.languages ?? [];
  return own.find((locale) => locale.startsWith(language.slice(0, 2)) && isKnown(locale)) ?? language;
}

/** Some systems name what no browser can format, as `en-US@posix`. */
function isKnown(locale: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}

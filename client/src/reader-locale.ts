/** How the reader writes dates and times: as they have set it, else as the browser does. */

/** The reader's own form of a language, as `en-GB`: it decides about the clock. */
export function readerLocale(language: string): string {
  const own = globalThis.navigator?.languages ?? [];
  return own.find((locale) => locale.startsWith(language.slice(0, 2)) && isKnown(locale)) ?? language;
}

/** What the page's root says of time zone and clock. Empty where the reader has set nothing. */
export function readerClock(): Intl.DateTimeFormatOptions {
  const { timeZone, hours } = globalThis.document?.documentElement.dataset ?? {};
  return {
    ...(timeZone !== undefined && isKnownZone(timeZone) && { timeZone }),
    ...(hours !== undefined && { hourCycle: hours === "12" ? "h12" : "h23" }),
  };
}

/** Some systems name what no browser can format, as `en-US@posix`. */
function isKnown(locale: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}

/** An old browser may not know a time zone that the server knows. */
function isKnownZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
}

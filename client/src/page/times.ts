/** Times of the reader's own time zone and clock. */
import { readerLocale } from "../reader-locale";

/** Each `<time>` gets the reader's own time zone and clock. */
const STYLES: Record<string, Intl.DateTimeFormatOptions> = {
  date: { dateStyle: "long" },
  moment: { dateStyle: "short", timeStyle: "short" },
};

export function localiseTimes(): void {
  const locale = readerLocale(document.documentElement.lang);
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    time.title = full.format(date);
    const style = STYLES[time.dataset["local"] ?? ""];
    if (style !== undefined) time.textContent = new Intl.DateTimeFormat(locale, style).format(date);
  }
}

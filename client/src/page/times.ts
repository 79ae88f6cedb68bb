/** Times of the reader's own time zone and clock. */
import { readerClock, readerLocale } from "../reader-locale";

/** Each `<time>` gets the reader's own time zone and clock. */
const STYLES: Record<string, Intl.DateTimeFormatOptions> = {
  date: { dateStyle: "long" },
  moment: { dateStyle: "short", timeStyle: "short" },
};

export function localiseTimes(): void {
  const locale = readerLocale(document.documentElement.lang);
  const clock = readerClock();
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", ...clock });
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    time.title = full.format(date);
    const style = STYLES[time.dataset["local"] ?? ""];
    if (style === undefined) continue;
    time.textContent = new Intl.DateTimeFormat(locale, { ...style, ...clock }).format(date);
  }
}

/** Progressive enhancement of the server-rendered pages: each `<time>` gets the reader's own time zone. */
const language = document.documentElement.lang || undefined;
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });

for (const time of document.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
  const date = new Date(time.dateTime);
  if (Number.isNaN(date.getTime())) continue;
  time.title = full.format(date);
  if (time.hasAttribute("data-local")) {
    time.textContent = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "short" }).format(date);
  }
}

/**
 * Dates that are looked for are days of the reader's time zone: the form says beside each when it
 * begins or ends.
 */

type Bound = { input: HTMLInputElement; wanted: string };

export function localiseDays(): void {
  for (const form of document.querySelectorAll("form")) {
    const hidden = form.querySelectorAll<HTMLInputElement>("input[data-start-of], input[data-end-of]");
    if (hidden.length > 0) localise(form, [...hidden]);
  }
}

function localise(form: HTMLFormElement, hidden: HTMLInputElement[]): void {
  const bounds = (): Bound[] => hidden.map((input) => ({ input, wanted: bound(form, input) }));
  form.addEventListener("submit", () => {
    for (const { input, wanted } of bounds()) input.value = wanted;
  });
  form.querySelectorAll(".utc").forEach((word) => word.remove());
  // An address that was typed, or brought along from another time zone, is asked again.
  if (bounds().every(({ input, wanted }) => input.value === wanted)) return;
  const address = new URL(location.href);
  for (const { input, wanted } of bounds()) address.searchParams.set(input.name, wanted);
  location.replace(address);
}

/** The moment that a hidden input stands for; nothing without a date. */
function bound(form: HTMLFormElement, input: HTMLInputElement): string {
  const { startOf, endOf } = input.dataset;
  const date = form.querySelector<HTMLInputElement>(`#${startOf ?? endOf}`)?.valueAsDate;
  if (!date) return "";
  const day = date.getUTCDate() + (endOf === undefined ? 0 : 1);
  return new Date(date.getUTCFullYear(), date.getUTCMonth(), day).toISOString();
}

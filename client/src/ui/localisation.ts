/** Texts and dates in the reader's language. Texts come from `locales/{language}/chat.ftl`. */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";
import english from "../../../locales/en/chat.ftl?raw";
import portuguese from "../../../locales/pt-BR/chat.ftl?raw";

const DAY_MILLISECONDS = 86_400_000;

export class Localisation {
  readonly #bundle: FluentBundle;
  readonly #time: Intl.DateTimeFormat;
  readonly #moment: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #dayOfOtherYear: Intl.DateTimeFormat;

  constructor(readonly language: string) {
    this.#bundle = new FluentBundle(language);
    this.#bundle.addResource(new FluentResource(language === "en" ? english : portuguese));
    const day = { weekday: "long", day: "numeric", month: "long" } as const;
    this.#time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.#moment = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
    this.#day = new Intl.DateTimeFormat(language, day);
    this.#dayOfOtherYear = new Intl.DateTimeFormat(language, { ...day, year: "numeric" });
  }

  text(key: string, variables: Record<string, FluentVariable> = {}): string {
    const pattern = this.#bundle.getMessage(key)?.value;
    return pattern ? this.#bundle.formatPattern(pattern, variables) : key;
  }

  /** `14:05` */
  time(date: Date): string {
    return this.#time.format(date);
  }

  /** Date and time in full. */
  moment(date: Date): string {
    return this.#moment.format(date);
  }

  /** `Hoje`, `Ontem`, or the date. */
  day(date: Date, now: Date): string {
    const day = startOfDay(date);
    if (day === startOfDay(now)) return this.text("today");
    if (day === startOfDay(new Date(startOfDay(now) - DAY_MILLISECONDS / 2))) return this.text("yesterday");
    const format = date.getFullYear() === now.getFullYear() ? this.#day : this.#dayOfOtherYear;
    return capitalise(format.format(date));
  }
}

export function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

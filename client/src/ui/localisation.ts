/** Texts and dates in the reader's language. Texts are those of `locales/{language}/chat.ftl`. */
import { readerClock, readerLocale } from "../reader-locale";
import { type Pattern, Texts, type Variables } from "./texts";

const DAY_MILLISECONDS = 86_400_000;

/** Stands on both sides of a variable's number, and in no text. */
const PLACE = "\u001F";

const DAY = { weekday: "long", day: "numeric", month: "long" } as const;
const FORMATS = {
  time: { timeStyle: "short" },
  moment: { dateStyle: "full", timeStyle: "medium" },
  date: { day: "numeric", month: "short" },
  day: DAY,
  dayOfOtherYear: { ...DAY, year: "numeric" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

export class Localisation {
  readonly #texts: Texts;
  readonly #locale: string;
  /** Made at first use: each takes a millisecond or more, and most pages need two of them. */
  readonly #formats = new Map<keyof typeof FORMATS, Intl.DateTimeFormat>();

  constructor(
    readonly language: string,
    patterns: Readonly<Record<string, Pattern>>,
  ) {
    this.#texts = new Texts(language, patterns);
    this.#locale = readerLocale(language);
  }

  text(key: string, variables: Variables = {}): string {
    return this.#texts.format(key, variables);
  }

  /**
   * Without the marks that keep the directions of inserted text apart: where it is spoken, or only
   * a number.
   */
  plain = (key: string, variables: Variables = {}): string => {
    return this.text(key, variables).replace(/[\u2068\u2069]/gu, "");
  };

  /**
   * A text in pieces: what stands around its variables, and in their places what is given for each.
   */
  around<Value>(key: string, values: Record<string, Value>): (string | Value)[] {
    const names = Object.keys(values);
    const places = Object.fromEntries(names.map((name, index) => [name, `${PLACE}${index}${PLACE}`]));
    // Every second piece is the number of a variable.
    const pieces = this.plain(key, places).split(PLACE);
    return pieces.map((piece, index) => (index % 2 ? (values[names[Number(piece)] ?? ""] as Value) : piece));
  }

  /** `14:05`, with its day unless it is today. */
  since(date: Date, now: Date): string {
    const time = this.time(date);
    if (startOfDay(date) === startOfDay(now)) return time;
    return `${this.#format("date", date)}, ${time}`;
  }

  /** `14:05`, or `2:05 PM` where that is said. */
  time(date: Date): string {
    return this.#format("time", date);
  }

  /** Date and time in full. */
  moment(date: Date): string {
    return this.#format("moment", date);
  }

  /** `Hoje`, `Ontem`, or the date. */
  day(date: Date, now: Date): string {
    const day = startOfDay(date);
    if (day === startOfDay(now)) return this.text("today");
    if (day === startOfDay(now) - DAY_MILLISECONDS) return this.text("yesterday");
    return capitalise(this.#format(date.getFullYear() === now.getFullYear() ? "day" : "dayOfOtherYear", date));
  }

  #format(name: keyof typeof FORMATS, date: Date): string {
    const format =
      this.#formats.get(name) ?? new Intl.DateTimeFormat(this.#locale, { ...FORMATS[name], ...readerClock() });
    this.#formats.set(name, format);
    return format.format(date);
  }
}

/** A number of unread messages where there is little room: from a hundred on the server counts no further. */
export function shortCount(count: number): string {
  return count > 99 ? "99+" : String(count);
}

let days: Intl.DateTimeFormat | undefined;

/** The reader's day of a moment, as the UTC milliseconds of its date. */
export function startOfDay(date: Date): number {
  const { timeZone } = readerClock();
  if (timeZone === undefined) return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  // The language's dates are written year-month-day.
  days ??= new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return Date.parse(days.format(date));
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

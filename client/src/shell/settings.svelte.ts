/** How one likes the app, kept by the browser and shared by its tabs. */

export interface Choices {
  /** How rooms are ordered. */
  order: "name" | "activity";
  /** How messages look on a wide screen. */
  look: "rows" | "bubbles";
  /** Whether the system shows new messages while nobody looks at the page. */
  notifications: boolean;
  /** Whether they are heard. */
  sound: boolean;
}

const KEY = "papo.settings";
const USUAL: Choices = { order: "name", look: "rows", notifications: false, sound: false };

export class Settings {
  choices: Choices = $state.raw(read());

  choose(choices: Partial<Choices>): void {
    this.choices = { ...this.choices, ...choices };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.choices));
    } catch {
      // Browsers may deny the storage; the choice then lasts as long as the page.
    }
  }

  /** Takes over what another tab has chosen; the result stops that. */
  followTabs(): () => void {
    const changed = ({ key }: StorageEvent): void => {
      if (key === KEY) this.choices = read();
    };
    window.addEventListener("storage", changed);
    return () => window.removeEventListener("storage", changed);
  }
}

function read(): Choices {
  try {
    return { ...USUAL, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Choices>) };
  } catch {
    return USUAL;
  }
}

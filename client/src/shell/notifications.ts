/**
 * Tells of new messages while nobody looks at the page: by the system's notifications, and by a
 * sound. Loaded when there is something to tell.
 */

/** A room with new messages. */
export interface RoomNews {
  room: number;
  title: string;
  text: string;
}

/** So many rooms are told of at once. */
const MOST = 3;
/** Two notes, in hertz. */
const NOTES = [659, 880];
const NOTE_SECONDS = 0.12;
const VOLUME = 0.08;

let audio: AudioContext | undefined;

/** `open` shows a room whose notification was clicked. */
export function notify(news: readonly RoomNews[], open: (room: number) => void): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  for (const { room, title, text } of news.slice(0, MOST)) {
    try {
      // One of the same room is replaced.
      const shown = new Notification(title, { body: text, tag: `papo ${room}` });
      shown.onclick = () => {
        window.focus();
        open(room);
        shown.close();
      };
    } catch {
      // Browsers of telephones show none of a page's own.
      return;
    }
  }
}

export function ring(): void {
  try {
    audio ??= new AudioContext();
    const begin = audio.currentTime;
    for (const [index, frequency] of NOTES.entries()) {
      const start = begin + index * NOTE_SECONDS;
      const note = audio.createOscillator();
      const volume = audio.createGain();
      note.frequency.value = frequency;
      volume.gain.setValueAtTime(VOLUME, start);
      volume.gain.exponentialRampToValueAtTime(VOLUME / 100, start + 2 * NOTE_SECONDS);
      note.connect(volume).connect(audio.destination);
      note.start(start);
      note.stop(start + 2 * NOTE_SECONDS);
    }
  } catch {
    // A browser without sound.
    return;
  }
}

import { readFileSync } from 'node:fs';
import { defaultSettings, parseSettings, type Settings } from '../contract/settings.js';
import { writeAtomic } from '../engine/files/atomic-write.js';

/** The settings and the file that they are kept in, written one change after the other. */
export class SettingsFile {
  readonly #path: string;
  #settings: Settings;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
    let text = '';
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      // The first start: nothing was chosen yet.
    }
    this.#settings = text === '' ? defaultSettings : parseSettings(text);
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** The theme for menus and dialogs, which know no high contrast but the system's. */
  get nativeTheme(): 'system' | 'light' | 'dark' {
    const { theme } = this.#settings;
    return theme === 'contrast' ? 'dark' : theme;
  }

  /** Keeps what was chosen. A file that cannot be written is logged: the choice holds until the app ends. */
  save(settings: Settings): void {
    this.#settings = settings;
    const text = `${JSON.stringify(settings, undefined, 2)}\n`;
    this.#writing = this.#writing.then(() =>
      writeAtomic(this.#path, text).catch((error: unknown) => {
        console.error('main: the settings could not be kept:', error);
      }),
    );
  }

  /** Settles when all that was chosen is written. */
  flush(): Promise<void> {
    return this.#writing;
  }
}

import type { PreviewProgram, ProgramPreview } from '../../generated/wire';

type Ask = (params: PreviewProgram) => Promise<ProgramPreview>;

/** Asks what a line would run, shortly after the last key, and drops every answer to an older line. */
export class PreviewLoader {
  #ask: Ask;
  #show: (preview: ProgramPreview | null) => void;
  #delay: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ticket = 0;

  constructor(ask: Ask, show: (preview: ProgramPreview | null) => void, delay = 120) {
    this.#ask = ask;
    this.#show = show;
    this.#delay = delay;
  }

  want(line: string, cwd: string): void {
    this.stop();
    if (line.trim() === '') {
      this.#show(null);
      return;
    }
    const ticket = this.#ticket;
    this.#timer = setTimeout(() => void this.#load(ticket, line, cwd), this.#delay);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#ticket += 1;
  }

  async #load(ticket: number, line: string, cwd: string): Promise<void> {
    let preview: ProgramPreview | null;
    try {
      preview = await this.#ask({ line, cwd: cwd.trim() || undefined });
    } catch {
      // Running says what is wrong; a preview that fails only stays empty.
      preview = null;
    }
    if (ticket === this.#ticket) this.#show(preview);
  }
}

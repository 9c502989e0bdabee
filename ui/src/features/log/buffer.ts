import type { LogLine } from '../../generated/wire';

const CHUNK = 200;

export type Row = {
  line: LogLine;
  /** Output between the line before and this one was not kept. */
  hole: boolean;
  /** The first line of its run in this log. */
  newRun: boolean;
  /** The first of several lines of the same stream. */
  leads: boolean;
};

/** Rows that are drawn together. One that is complete never changes again. */
export type Chunk = { id: number; rows: readonly Row[] };

/** The part of a log that is on screen: in order, each line once, and never more than `cap` lines. */
export class LogBuffer {
  chunks: readonly Chunk[] = [];
  /** What to ask for next. */
  next = 0;
  /** The oldest lines had to go. */
  dropped = false;
  length = 0;

  #cap: number;
  #last: LogLine | undefined;
  #id = 0;

  constructor(cap = 5000) {
    this.#cap = cap;
  }

  get first(): LogLine | undefined {
    return this.chunks[0]?.rows[0]?.line;
  }

  get last(): LogLine | undefined {
    return this.#last;
  }

  /** Adds what is new and says how many lines that were. */
  add(lines: readonly LogLine[]): number {
    const fresh: Row[] = [];
    for (const line of lines) {
      if (this.#last && line.seq <= this.#last.seq) continue;
      fresh.push(this.#row(line));
      this.#last = line;
      this.next = line.seq + 1;
    }
    if (fresh.length > 0) this.#append(fresh);
    return fresh.length;
  }

  #row(line: LogLine): Row {
    const before = this.#last;
    if (!before) return { line, hole: false, newRun: false, leads: true };
    const newRun = line.run !== before.run;
    // Where Errand itself says that something is missing, there is no need to say it twice.
    const hole = line.seq > before.seq + 1 && line.stream !== 'note';
    return { line, hole, newRun, leads: newRun || hole || line.stream !== before.stream };
  }

  #append(fresh: Row[]): void {
    const chunks = [...this.chunks];
    let from = 0;
    const open = chunks.at(-1);
    if (open && open.rows.length < CHUNK) {
      from = CHUNK - open.rows.length;
      chunks[chunks.length - 1] = { id: open.id, rows: [...open.rows, ...fresh.slice(0, from)] };
    }
    for (; from < fresh.length; from += CHUNK) {
      chunks.push({ id: this.#id, rows: fresh.slice(from, from + CHUNK) });
      this.#id += 1;
    }
    this.length += fresh.length;
    this.chunks = this.#trim(chunks);
  }

  /** Whole chunks go, so that what stays is not drawn again. */
  #trim(chunks: Chunk[]): Chunk[] {
    let gone = 0;
    while (this.length > this.#cap && gone < chunks.length - 1) {
      this.length -= chunks[gone]?.rows.length ?? 0;
      gone += 1;
    }
    if (gone > 0) this.dropped = true;
    return chunks.slice(gone);
  }

  text(): string {
    return this.chunks.flatMap(({ rows }) => rows.map(({ line }) => line.text)).join('\n');
  }
}

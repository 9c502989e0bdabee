import type { ProgramPreview, RunReply, WireError } from '../../generated/wire';
import type { Platform } from '../../platform/types';
import { asWireError } from '../../shared/errors';
import type { Keep } from '../../shared/storage';
import { PreviewLoader } from './preview';

const DRAFT = 'quick.line';
const FOLDER = 'quick.folder';

export type Accepted = RunReply & { line: string };

function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `window-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** The program line: its draft, what it would run, and handing it over. */
export class Quick {
  line = $state('');
  folder = $state('');
  /** What a link has brought; null without one. It is for a program that its person names. */
  brief = $state<string | null>(null);
  preview = $state.raw<ProgramPreview | null>(null);
  refusal = $state.raw<WireError | null>(null);
  accepted = $state.raw<Accepted | null>(null);
  busy = $state(false);

  /** A folder that is not there is a matter of the folder field. */
  folderProblem = $derived.by(() => {
    const problem = this.refusal ?? this.preview?.problem;
    return problem?.code === 'folder_missing' ? problem : null;
  });
  lineProblem = $derived.by(() => {
    const problem = this.refusal ?? this.preview?.problem;
    return problem && problem.code !== 'folder_missing' ? problem : null;
  });

  #platform: Platform;
  #keep: Keep;
  #loader: PreviewLoader;
  /** The same line handed over again after a lost reply must not become a second task. */
  #key: string | null = null;

  constructor(platform: Platform, keep: Keep) {
    this.#platform = platform;
    this.#keep = keep;
    this.#loader = new PreviewLoader(
      (params) => platform.call('preview', params),
      (preview) => (this.preview = preview),
    );
  }

  async open(): Promise<void> {
    this.line = this.#keep.get(DRAFT) ?? '';
    this.folder = this.#keep.get(FOLDER) ?? '';
    if (!this.folder) {
      const offered = await this.#platform.startFolder().catch(() => '');
      if (!this.folder) this.folder = offered;
    }
    this.#loader.want(this.line, this.folder);
  }

  close(): void {
    this.#loader.stop();
  }

  type(line: string): void {
    this.line = line;
    this.#keep.set(DRAFT, line);
    this.accepted = null;
    this.#edited();
  }

  setFolder(folder: string): void {
    this.folder = folder;
    this.#keep.set(FOLDER, folder);
    this.#edited();
  }

  /** Of a link: nothing is kept of it, and nothing starts. The program is never part of it. */
  fillIn({ brief, folder }: { brief: string; folder: string }): void {
    this.accepted = null;
    if (brief) this.brief = brief;
    if (folder) this.folder = folder;
    this.#edited();
  }

  write(brief: string | null): void {
    this.brief = brief;
    this.#edited();
  }

  async chooseFolder(): Promise<void> {
    const chosen = await this.#platform.window.chooseFolder().catch(() => null);
    if (chosen) this.setFolder(chosen);
  }

  /** Hands the line over. Whether the window may go: not if something was refused or must be read. */
  async run(): Promise<boolean> {
    const line = this.line;
    if (this.busy || line.trim() === '') return false;
    this.busy = true;
    this.refusal = null;
    this.#key ??= freshKey();
    try {
      const cwd = this.folder.trim() || undefined;
      const brief = this.brief?.trim() || undefined;
      const reply = await this.#platform.call('run', { line, cwd, brief, key: this.#key });
      this.brief = null;
      this.#taken(line, reply);
      return reply.notes.length === 0;
    } catch (error) {
      this.refusal = asWireError(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  #taken(line: string, reply: RunReply): void {
    this.#key = null;
    this.accepted = { ...reply, line };
    if (this.line !== line) return;
    this.line = '';
    this.preview = null;
    this.#loader.stop();
    this.#keep.set(DRAFT, '');
  }

  #edited(): void {
    this.refusal = null;
    this.#key = null;
    this.#loader.want(this.line, this.folder);
  }
}

import type { Commands, DeliveryView, Event, LogLine, TaskView, WireError } from '../generated/wire';
import type { Feed, Platform } from './types';

type Command = keyof Commands;
type Answers = { [K in Command]?: (params: Commands[K]['params']) => Commands[K]['reply'] | Promise<Commands[K]['reply']> };
type Open = { feed: Feed; on: (event: Event) => void; lost?: (error: WireError) => void };

export const gone: WireError = {
  code: 'engine_unreachable',
  message: 'Errand is not running.',
  hint: '`errand start` starts it.',
};

/** An engine that says what it is told to say, for tests and for looking at the windows. */
export class Fake implements Platform {
  answers: Answers;
  asked: { command: Command; params: unknown }[] = [];
  told: string[] = [];
  feeds: Open[] = [];
  cursor = 1;
  down = false;
  folder: string | null = null;

  constructor(answers: Answers = {}) {
    this.answers = answers;
  }

  async call<K extends Command>(command: K, params: Commands[K]['params']): Promise<Commands[K]['reply']> {
    this.asked.push({ command, params });
    if (this.down) throw gone;
    const answer = this.answers[command];
    if (!answer) throw { code: 'internal', message: `Nothing is scripted for ${command}.`, hint: '' } satisfies WireError;
    return answer(params);
  }

  subscribe(feed: Feed, on: (event: Event) => void, lost?: (error: WireError) => void): () => void {
    const open: Open = { feed, on, lost };
    this.feeds.push(open);
    queueMicrotask(() => {
      if (!this.feeds.includes(open)) return;
      if (this.down) this.#lose(open);
      else if (feed.feed === 'changes') on({ event: 'up_to_date', cursor: this.cursor });
    });
    return () => void (this.feeds = this.feeds.filter((other) => other !== open));
  }

  /** A committed change, as every window hears of it. */
  change(task: string | null, to = 'running'): void {
    this.cursor += 1;
    const row = { cursor: this.cursor, at: new Date().toISOString(), subject: 'task' as const, task, subject_id: '' };
    this.emit('changes', { event: 'changed', change: { ...row, from: '', to, reason: { code: 'admitted', text: '' } } });
  }

  emit(feed: Feed['feed'], event: Event): void {
    for (const open of [...this.feeds]) if (open.feed.feed === feed) open.on(event);
  }

  print(lines: LogLine[]): void {
    this.emit('log', { event: 'log', lines });
  }

  lose(): void {
    this.down = true;
    for (const open of [...this.feeds]) this.#lose(open);
  }

  #lose(open: Open): void {
    this.feeds = this.feeds.filter((other) => other !== open);
    open.lost?.(gone);
  }

  window = {
    close: () => void this.told.push('close'),
    openTask: (id: string) => void this.told.push(`task ${id}`),
    openInbox: () => void this.told.push('inbox'),
    openQuick: () => void this.told.push('quick'),
    chooseFolder: async () => this.folder,
    setTitle: (title: string) => void (document.title = title),
    ready: () => void this.told.push('ready'),
  };

  async openLink(url: string): Promise<void> {
    this.told.push(`link ${url}`);
  }

  async copy(text: string): Promise<void> {
    this.told.push(`copy ${text}`);
  }

  async startFolder(): Promise<string> {
    return '/home/ada/errands';
  }
}

const AT = '2026-03-02T09:00:00.000Z';

export function aTask(changes: Partial<TaskView> = {}): TaskView {
  return {
    id: 'bold-falcon-427',
    title: 'make test',
    state: 'running',
    holds: [],
    reason: { code: 'admitted', text: 'A slot was free.' },
    with_gaps: false,
    generation: 1,
    created_at: AT,
    updated_at: AT,
    ended_at: null,
    archived_at: null,
    agent: 'script',
    profile: null,
    brief: null,
    effects: [],
    argv: ['make', 'test'],
    command: 'make test',
    cwd: '/home/ada/errands',
    labels: [],
    priority: 'normal',
    notify: 'always',
    origin: 'person',
    parent: null,
    subtasks: [],
    after: [],
    start_at: null,
    timeout_ms: null,
    retries: 0,
    isolation: {
      kind: 'none',
      workspace: 'rw',
      network: 'on',
      memory_bytes: null,
      cpu_ms: null,
      processes: null,
      together: { cpu: false, memory: false, processes: false },
      text: 'none, it runs as you',
    },
    tool_rules: null,
    around: [],
    exclusive: false,
    secrets: [],
    own_folder: null,
    run: null,
    questions: [],
    artifact: null,
    deliveries: [],
    why_waiting: null,
    ...changes,
  };
}

export function aDelivery(changes: Partial<DeliveryView> = {}): DeliveryView {
  return {
    id: 7,
    kind: 'result',
    state: 'shown',
    why: 'There were few notifications before it.',
    code: 'within_limit',
    task: 'bold-falcon-427',
    title: 'make test',
    question: null,
    times_shown: 1,
    shown_at: AT,
    service: 'Xfce',
    until: null,
    escalated: false,
    digest: null,
    created_at: AT,
    updated_at: AT,
    ...changes,
  };
}

export function aLine(seq: number, changes: Partial<LogLine> = {}): LogLine {
  return { seq, run: 1, stream: 'out', at: AT, text: `line ${seq}`, ...changes };
}

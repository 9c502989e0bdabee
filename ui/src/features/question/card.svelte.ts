import type { AnswerQuestion, Decision, QuestionView, Scope, TaskView, Verdict, WireError } from '../../generated/wire';
import type { Platform } from '../../platform/types';
import type { Drafts } from '../../shared/drafts';
import { asWireError, isGone } from '../../shared/errors';
import { Guard } from '../../shared/guard';
import { shortName } from '../../shared/questions';
import { beginning } from './fields';

const SURFACE = 'window';
/** Codes that say: not refused, but settled meanwhile. */
const SETTLED = ['already_answered', 'question_not_found', 'task_not_found'];

/** What becomes of an answer. */
export type Outcome = {
  answered(view: TaskView, said: string): void;
  /** Somebody was first, or nobody needs it any more. */
  settled(error: WireError): void;
  gone(error: WireError): void;
};

type Parts = { platform: Platform; drafts: Drafts; outcome: Outcome; guard?: Guard };

/** One question, what the person has put down so far, and how it is answered. */
export class Card {
  question = $state.raw<QuestionView>() as QuestionView;
  text = $state('');
  reason = $state('');
  values = $state<Record<string, string>>({});
  verdicts = $state<Record<string, Verdict>>({});
  alike = $state(false);
  /** The moments until which it could be approved are on offer. */
  choosing = $state(false);
  busy = $state(false);
  refusal = $state.raw<WireError | null>(null);
  readonly guard: Guard;

  approval = $derived(this.question.approval);
  /** Those that are still to be decided. */
  files = $derived(this.approval?.files.filter(({ verdict }) => verdict === null).map(({ path }) => path) ?? []);
  denied = $derived(this.files.filter((path) => this.verdicts[path] === 'deny').length);
  /** Only this one request can be approved where nobody could say what else that would cover. */
  reaches = $derived(this.approval?.covers != null && this.denied === 0);

  #task: string;
  #parts: Parts;
  #name: string;

  /** `task`: by whose name it is answered, its own or that of the task above it. */
  constructor(task: string, question: QuestionView, parts: Parts) {
    this.#task = task;
    this.#parts = parts;
    this.#name = `${question.task ?? task}/${shortName(question)}`;
    this.guard = parts.guard ?? new Guard();
    this.question = question;
    const draft = parts.drafts.get(this.#name);
    this.text = draft.text ?? '';
    this.reason = draft.reason ?? '';
    this.values = { ...beginning(question.fields), ...draft.fields };
  }

  /** It was read again. */
  take(question: QuestionView): void {
    const before = asked(this.question);
    this.question = question;
    if (asked(question) !== before) this.guard.shown();
  }

  typed(): void {
    const secret = new Set(this.question.fields.filter(({ secret }) => secret).map(({ name }) => name));
    const first = beginning(this.question.fields);
    const kept = Object.entries(this.values).filter(([name, value]) => !secret.has(name) && value !== first[name]);
    this.#parts.drafts.set(this.#name, { text: this.text, reason: this.reason, fields: Object.fromEntries(kept) });
  }

  choose(index: number): Promise<void> {
    const option = this.question.options[index];
    if (!option) return Promise.resolve();
    return this.#send({ choice: option.name }, `Answered “${option.label}”`);
  }

  say(): Promise<void> {
    const choice = this.text.trim();
    return choice === '' ? Promise.resolve() : this.#send({ choice }, 'Answered');
  }

  fill(): Promise<void> {
    return this.#send({ choice: '', fields: $state.snapshot(this.values) }, 'Answered');
  }

  approve(scope: Scope = 'once', until?: Date): Promise<void> {
    if (!this.approval || (scope !== 'once' && !this.reaches)) return Promise.resolve();
    const { files } = this;
    if (files.length > 0 && this.denied === files.length) return this.deny();
    const decision: Decision = { verdict: 'approve', scope };
    if (until) decision.until = until.toISOString();
    if (files.length > 1) decision.files = Object.fromEntries(files.map((path) => [path, this.verdicts[path] ?? 'approve']));
    const reach = { once: '', task: ' for this task', until: ` until ${until ? clockTime(until) : ''}` }[scope];
    const said = this.denied > 0 ? `Approved ${files.length - this.denied} of ${files.length} files` : `Approved${reach}`;
    return this.#decide(decision, said);
  }

  deny(): Promise<void> {
    return this.approval ? this.#decide({ verdict: 'deny' }, 'Denied') : Promise.resolve();
  }

  #decide(decision: Decision, said: string): Promise<void> {
    const reason = this.reason.trim();
    if (reason && (decision.verdict === 'deny' || this.denied > 0)) decision.reason = reason;
    if (this.alike && (this.approval?.alike ?? 0) > 0) decision.alike = true;
    const words = decision.alike ? `${said}, and ${this.approval?.alike} alike` : said;
    return this.#send({ choice: '', decision }, words);
  }

  async #send(answer: Pick<AnswerQuestion, 'choice' | 'fields' | 'decision'>, said: string): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refusal = null;
    const { platform, outcome, drafts } = this.#parts;
    try {
      const view = await platform.call('answer', { task: this.#task, question: this.question.id, ...answer, surface: SURFACE });
      drafts.set(this.#name, {});
      outcome.answered(view, said);
    } catch (thrown) {
      const error = asWireError(thrown);
      if (SETTLED.includes(error.code)) outcome.settled(error);
      else this.refusal = error;
      if (isGone(error)) outcome.gone(error);
    } finally {
      this.busy = false;
    }
  }
}

/** What the person decides about. That others ask the same now changes nothing about it. */
function asked({ id, text, options, fields, open, approval }: QuestionView): string {
  return JSON.stringify([id, text, options, fields, open, approval && { ...approval, alike: 0 }]);
}

export function clockTime(at: Date): string {
  return at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

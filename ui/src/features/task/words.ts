import type { DeliveryView, QuestionView, TaskView, TimelineRow } from '../../generated/wire';
import type { Chord } from '../../shared/keys';
import { isFinal, wordOf, type Action } from '../../shared/states';

export const ACTIONS: Record<Action, { words: string; chord: Chord }> = {
  cancel: { words: 'Cancel', chord: { key: '.', mod: true } },
  retry: { words: 'Retry', chord: { key: 'r', mod: true } },
  pause: { words: 'Pause', chord: { key: 'p', mod: true } },
  resume: { words: 'Resume', chord: { key: 'p', mod: true } },
};

/** What a row of the timeline is about. */
export function rowSubject(row: TimelineRow): string {
  const to = wordOf(row.to);
  switch (row.subject) {
    case 'task':
      return row.from && row.from !== row.to ? `${wordOf(row.from)} → ${to}` : to;
    case 'run':
      return `Run ${row.subject_id}: ${to.toLowerCase()}`;
    case 'question':
      return `Question: ${to.toLowerCase()}`;
    case 'delivery':
      return `Notification: ${to.toLowerCase()}`;
    case 'settings':
      return 'Settings';
  }
}

const KINDS: Record<string, string> = { result: 'Result', failure: 'Failure', question: 'Question', notice: 'Notice', digest: 'Digest' };

export function deliveryWords({ kind, state, why }: DeliveryView): string {
  const words = `${KINDS[kind] ?? wordOf(kind)}: ${wordOf(state).toLowerCase()}`;
  return why ? `${words}. ${why}` : words;
}

export function answeredWords({ answered, options }: QuestionView): string {
  if (!answered) return 'No answer is needed any more.';
  const label = options.find(({ name }) => name === answered.choice)?.label ?? answered.choice;
  return label ? `Answered “${label}” by ${answered.by}.` : `Answered by ${answered.by}.`;
}

export function noOutputWords({ state, why_waiting, run }: TaskView): string {
  if (!run) return isFinal(state) ? 'It never ran, so it printed nothing.' : `It has not started. ${why_waiting ?? ''}`.trim();
  return isFinal(state) ? 'It printed nothing.' : 'No output yet.';
}

export function noResultWords({ state }: TaskView): string {
  if (!isFinal(state)) return 'No result yet. It appears here when the task has ended.';
  return 'This task left no result.';
}

/** What a command around the work is for. */
export function partWord(part: string): string {
  switch (part) {
    case 'preflight':
      return 'Needs';
    case 'before_run':
      return 'Before';
    case 'stop_check':
      return 'Checked by';
    default:
      return 'Afterwards';
  }
}

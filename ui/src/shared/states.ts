import type { Hold, TaskState, TaskView } from '../generated/wire';

export type Tone = 'quiet' | 'active' | 'attention' | 'good' | 'bad';

const LOOKS: Record<TaskState, { word: string; tone: Tone }> = {
  waiting: { word: 'Waiting', tone: 'quiet' },
  queued: { word: 'Queued', tone: 'quiet' },
  running: { word: 'Running', tone: 'active' },
  needs_you: { word: 'Needs you', tone: 'attention' },
  rate_limited: { word: 'Rate limited', tone: 'quiet' },
  sleeping: { word: 'Sleeping', tone: 'quiet' },
  completed: { word: 'Completed', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
  timed_out: { word: 'Timed out', tone: 'bad' },
  cancelled: { word: 'Cancelled', tone: 'quiet' },
  unknown: { word: 'Unknown', tone: 'attention' },
};

const HOLDS: Record<Hold, string> = {
  person: 'by you',
  all: 'everything is paused',
  budget: 'the budget is used up',
  offline: 'no network',
  quota: 'the quota is used up',
  keychain: 'the keychain is locked',
  agent_missing: 'its agent is not set up',
};

const FINAL: readonly TaskState[] = ['completed', 'failed', 'timed_out', 'cancelled', 'unknown'];
const LIVE: readonly TaskState[] = ['running', 'needs_you', 'rate_limited', 'sleeping'];

export const isFinal = (state: TaskState): boolean => FINAL.includes(state);
/** A run is under way, so that cancelling ends something. */
export const isLive = (state: TaskState): boolean => LIVE.includes(state);
export const toneOf = (state: TaskState): Tone => LOOKS[state].tone;

export function stateWord(state: TaskState, withGaps = false): string {
  const { word } = LOOKS[state];
  return withGaps && state === 'completed' ? `${word} with gaps` : word;
}

/** Words for a state that comes as text, in the timeline. */
export function wordOf(name: string): string {
  const known = (LOOKS as Record<string, { word: string }>)[name];
  if (known) return known.word;
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function heldWords(holds: readonly Hold[]): string | null {
  if (holds.length === 0) return null;
  return `Paused: ${holds.map((hold) => HOLDS[hold]).join(', ')}`;
}

export type Action = 'cancel' | 'retry' | 'pause' | 'resume';

/** What a person can do with a task now, the most likely first. */
export function actionsFor({ state, holds }: Pick<TaskView, 'state' | 'holds'>): Action[] {
  if (state === 'completed') return [];
  if (isFinal(state)) return ['retry'];
  return [holds.includes('person') ? 'resume' : 'pause', 'cancel'];
}

import type { TaskView } from '../generated/wire';
import { isFinal } from '../shared/states';

export type Tab = 'result' | 'log' | 'timeline' | 'details';

export const TABS: { id: Tab; words: string }[] = [
  { id: 'result', words: 'Result' },
  { id: 'log', words: 'Log' },
  { id: 'timeline', words: 'Timeline' },
  { id: 'details', words: 'Details' },
];

/** The log while there is something to follow, the result once there is one. */
export const firstTab = ({ state, artifact }: TaskView): Tab => (isFinal(state) && artifact ? 'result' : 'log');

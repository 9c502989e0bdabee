import type { ApprovalView, QuestionView } from '../generated/wire';
import { relative } from './time';
import { visible } from './visible';

const MINUTE = 60_000;

/** Which kind it is, in one word. */
export function kindWord({ kind }: QuestionView): string {
  switch (kind) {
    case 'command_approval':
      return 'Command';
    case 'file_approval':
      return 'Files';
    case 'dynamic_tool':
      return 'Tool';
    case 'blocker':
      return 'Stuck';
    default:
      return 'Question';
  }
}

/** What a list shows of it: the very thing that is asked for, or the first line of the text. */
export function firstLine({ text, approval }: QuestionView): string {
  if (approval?.command) return approval.command.line;
  if (approval && approval.files.length > 0) return filesLine(approval);
  if (approval) return approval.tool;
  const line = text.split('\n').find((one) => one.trim() !== '');
  return line?.trim() ?? '';
}

function filesLine({ files }: ApprovalView): string {
  const [first] = files;
  const verb = { create: 'Create', modify: 'Change', delete: 'Delete' };
  if (!first) return '';
  return files.length === 1 ? `${verb[first.action]} ${first.path}` : `${files.length} files: ${files.map(({ path }) => path).join(', ')}`;
}

/** Who asks, as something one can name: the program, or the agent. */
export function askerWord({ agent, command }: { agent: string; command: string }): string {
  if (agent !== 'script') return agent;
  const program = command.match(/^'[^']*'|^"[^"]*"|^\S+/)?.[0].replace(/^['"]|['"]$/g, '') ?? command;
  return program.split('/').at(-1) || program;
}

/** Its short name within the task that asks: `q1`. */
export const shortName = ({ id }: QuestionView): string => id.split('/').at(-1) ?? id;

export type Age = 'fresh' | 'while' | 'long';

/** How pressing it has become. */
export function ageOf(askedAt: string, now: number): Age {
  const waited = now - Date.parse(askedAt);
  if (waited >= 60 * MINUTE) return 'long';
  return waited >= 10 * MINUTE ? 'while' : 'fresh';
}

/** Somebody was first, or it no longer matters: who, where and when. */
export function settledWords({ answered, options, approval }: QuestionView, now: number): string {
  if (!answered) return 'No answer is needed any more.';
  const by = answered.by === 'you' ? '' : ` ${answered.by}`;
  const when = relative(answered.at, now);
  if (approval) return `Decided by you${by}, ${when}: ${visible(answered.choice ?? 'approved')}.`;
  const label = options.find(({ name }) => name === answered.choice)?.label ?? answered.choice;
  return label ? `Answered “${visible(label)}” by you${by}, ${when}.` : `Answered by you${by}, ${when}.`;
}

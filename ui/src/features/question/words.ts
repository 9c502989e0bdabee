import type { ApprovalView, QuestionView, Risk } from '../../generated/wire';

/** What the card is called. */
export function headingOf(question: QuestionView, who = 'This task'): string {
  const { approval, task } = question;
  const asker = task ? `Its sub-task ${task}` : who;
  if (!approval) return `${asker} asks you`;
  return `${asker} asks: ${askedFor(approval)}`;
}

function askedFor({ command, files: all, tool }: ApprovalView): string {
  if (command) return 'may this command run?';
  const files = all.filter(({ verdict }) => verdict === null);
  if (files.length === 1) return 'may this file be changed?';
  if (files.length > 1) return `may these ${files.length} files be changed?`;
  return `may the tool ${tool} be used?`;
}

export const BINDING = {
  bound: 'Bound: exactly this is done, or you are asked again.',
  checked: 'Checked: the agent does it itself. Errand looks at it again when it passes your approval on.',
} as const;

export const RISK: Record<Risk, string> = { low: 'Low risk', medium: 'Some risk', high: 'High risk' };

/** Lines that the details of a request do not say already. */
export function ownWords({ text, approval }: QuestionView): string[] {
  const lines = text.split(/\n+/).filter((line) => line.trim() !== '');
  if (!approval) return lines;
  const said = approval.command?.line ?? approval.files.find(({ verdict }) => verdict === null)?.path ?? approval.tool;
  return text.includes(said) ? [] : lines;
}

export const othersAlike = (alike: number): string =>
  alike === 1 ? 'And the identical request of another task' : `And the ${alike} identical requests of other tasks`;

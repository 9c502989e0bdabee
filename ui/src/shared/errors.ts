import type { WireError } from '../generated/wire';

export function isWireError(value: unknown): value is WireError {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, hint } = value as Record<string, unknown>;
  return typeof code === 'string' && typeof message === 'string' && typeof hint === 'string';
}

/** Whatever was thrown, as something a person can be shown. */
export function asWireError(thrown: unknown): WireError {
  if (isWireError(thrown)) return thrown;
  console.warn('unexpected error', thrown);
  return {
    code: 'internal',
    message: 'Something inside Errand did not work.',
    hint: 'Try again. `errand doctor` looks for the cause.',
  };
}

const WINDOW_HINTS: Record<string, string> = {
  engine_unreachable: 'Start it again, then press Retry.',
  folder_missing: 'Make the folder first, or choose another one.',
  task_not_found: 'It may have been deleted.',
};

/** Some general hints speak of flags and commands; in a window other ways are closer. */
export function hintFor(error: WireError): string {
  return WINDOW_HINTS[error.code] ?? error.hint;
}

export const isGone = (error: WireError): boolean => error.code === 'engine_unreachable';

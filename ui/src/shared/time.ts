const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in few words. A clock that is a little behind does not make a future of the present. */
export function relative(iso: string, now: number): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return '';
  const ago = now - at;
  if (ago < -5 * SECOND) return `in ${span(-ago)}`;
  if (ago < 5 * SECOND) return 'just now';
  if (ago < 7 * DAY) return `${span(ago)} ago`;
  const date = new Date(at);
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: sameYear ? undefined : 'numeric' });
}

function span(ms: number): string {
  if (ms < MINUTE) return `${Math.max(1, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  const days = Math.floor(ms / DAY);
  return days === 1 ? '1 day' : `${days} days`;
}

/** For how long something has waited: `12 min`. */
export function waited(iso: string, now: number): string {
  const since = now - Date.parse(iso);
  return Number.isNaN(since) ? '' : span(Math.max(0, since));
}

/** A duration with two units at most: `1 h 5 min`, `40 s`. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  const parts: [number, string][] = [
    [Math.floor(whole / DAY), 'd'],
    [Math.floor((whole % DAY) / HOUR), 'h'],
    [Math.floor((whole % HOUR) / MINUTE), 'min'],
    [Math.floor((whole % MINUTE) / SECOND), 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
}

/** Seconds matter for a minute, minutes for an hour: how long a shown time stays true. */
export function staysTrue(iso: string, now: number): number {
  const away = Math.abs(now - Date.parse(iso));
  if (away < MINUTE) return SECOND;
  return away < HOUR ? 15 * SECOND : MINUTE;
}

export function exact(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  return at.toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'medium' });
}

/** Done when all is done or has failed, but never later than a person would wait for a window. */
export async function soon(...work: Promise<unknown>[]): Promise<void> {
  await Promise.race([Promise.allSettled(work), new Promise((late) => setTimeout(late, 400))]);
}

/**
 * Runs `work` soon after it was asked for, once for many requests, and never twice at the same time: what is asked
 * for while it runs is done once more afterwards.
 */
export function coalesce(work: () => Promise<void>, delay: number): { ask(): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let again = false;
  let stopped = false;

  const go = async () => {
    timer = undefined;
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
      if (again && !stopped) {
        again = false;
        ask();
      }
    }
  };
  const ask = () => {
    if (stopped) return;
    if (busy) again = true;
    else timer ??= setTimeout(() => void go(), delay);
  };
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
  };
  return { ask, stop };
}

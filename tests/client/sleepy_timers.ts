/**
 * Timers as a page has them that was frozen, throttled or asleep.
 *
 * @module
 */

const HOUR_MS = 3_600_000;

type Timer = (handler: () => void, ms?: number) => number;

/** Until it is disposed of, every timer comes an hour late, by both clocks. */
export function sleepyTimers(): Disposable {
  const { setTimeout, setInterval } = globalThis;
  const [now, monotonic] = [Date.now, performance.now];
  let slept = 0;
  const late = (set: Timer): Timer => (handler, ms) =>
    set(() => {
      slept += HOUR_MS;
      handler();
    }, ms);
  Object.assign(globalThis, {
    setTimeout: late(setTimeout as unknown as Timer),
    setInterval: late(setInterval as unknown as Timer),
  });
  Date.now = () => now() + slept;
  performance.now = () => monotonic.call(performance) + slept;
  return {
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout, setInterval });
      Object.assign(Date, { now });
      Object.assign(performance, { now: monotonic });
    },
  };
}
